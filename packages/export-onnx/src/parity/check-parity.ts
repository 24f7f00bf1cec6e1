import { refuseUnknown } from '../errors.ts';
import {
  compareTensors,
  largeInput,
  largestChange,
  nudged,
  type Gate,
  type HostTensor,
  type HostTensors,
  type ParityResult,
} from './compare.ts';

/** The part of onnxruntime that is used: `onnxruntime-node`, `-web` and `-common` all fit. */
export interface OrtLike {
  readonly InferenceSession: {
    create(bytes: Uint8Array, options?: object): Promise<OrtSession>;
  };
  readonly Tensor: new (
    type: 'float32' | 'int32' | 'bool' | 'uint8',
    data: Float32Array | Int32Array | Uint8Array,
    dims: readonly number[],
  ) => unknown;
}

interface OrtSession {
  run(
    feeds: Record<string, never>,
  ): Promise<
    Record<
      string,
      { readonly type: string; readonly data: unknown; readonly dims: readonly number[] }
    >
  >;
  release?(): Promise<void>;
  /** What the graph takes; without it bytes are taken for booleans. */
  readonly inputMetadata?: readonly { readonly name: string; readonly type?: string }[];
}

export interface ParityOptions {
  /** The exported file. */
  readonly bytes: Uint8Array;
  /** The onnxruntime module. */
  readonly ort: OrtLike;
  /** The model's own answers, by name of the graph's outputs; outputs that are left out are not compared. */
  readonly predict: (inputs: HostTensors) => HostTensors | Promise<HostTensors>;
  /** Sets of inputs by name of the graph's inputs, such as `parityInputs` makes. */
  readonly inputs: readonly HostTensors[];
  /**
   * Default 1e-5. Rounding grows with what is rounded: where inputs exceed 10, half a last bit of the largest is allowed on top,
   * and as much as the model itself changes when its inputs change by `relative` of their value.
   */
  readonly absolute?: number;
  /** Default 1e-4. */
  readonly relative?: number;
}

/** Both ends of ORT's own rewriting: what is in the file, and what most people run. */
const OPTIMIZATIONS = ['disabled', 'all'] as const;

/**
 * Runs the graph through onnxruntime, unoptimized and fully optimized, with strict shape inference, and compares with the
 * model. Returns the largest differences by output; throws `ExportError('parity')` only where shapes or names disagree.
 */
export async function checkParity(options: ParityOptions): Promise<readonly ParityResult[]> {
  refuseUnknown('checkParity', options, {
    ...{ bytes: true, ort: true, predict: true, inputs: true, absolute: true, relative: true },
  });
  const results = new Map<string, ParityResult>();
  for (const result of await allParities(options))
    results.set(result.output, worse(results.get(result.output), result));
  return [...results.values()];
}

/** A result for each output, input set and end of optimization. */
export async function allParities(options: ParityOptions): Promise<readonly ParityResult[]> {
  const { bytes, ort, inputs } = options;
  const expected: (readonly Expected[])[] = [];
  for (const set of inputs) expected.push(await expectedOf(set, options));
  const results: ParityResult[] = [];
  for (const graphOptimizationLevel of OPTIMIZATIONS) {
    const session = await ort.InferenceSession.create(bytes, {
      graphOptimizationLevel,
      extra: { session: { strict_shape_type_inference: '1' } },
    });
    try {
      for (const [worstInput, set] of inputs.entries()) {
        const answer = await session.run(feedsOf(ort, session, set));
        for (const { output, want, gate } of expected[worstInput]!)
          results.push({ ...compareTensors(output, want, answer[output], gate), worstInput });
      }
    } finally {
      await session.release?.();
    }
  }
  return results;
}

interface Expected {
  readonly output: string;
  readonly want: HostTensor;
  readonly gate: Gate;
}

/** Of a float32, as a share of its value; the sigmoid of onnxruntime, too, ends this close to 0 and 1. */
const HALF_BIT = 2 ** -24;

/** What the model answers, and how close to it the graph has to come. */
async function expectedOf(
  inputs: HostTensors,
  { predict, absolute = 1e-5, relative = 1e-4 }: ParityOptions,
): Promise<readonly Expected[]> {
  const answers = Object.entries(await predict(inputs));
  const large = largeInput(inputs);
  const rounding = (large ?? 0) * HALF_BIT;
  const changed = large === undefined ? {} : await predict(nudged(inputs, relative));
  return answers.map(([output, want]) => {
    const change = changed[output] === undefined ? 0 : largestChange(want, changed[output]);
    return { output, want, gate: { absolute: absolute + rounding + change, relative } };
  });
}

/** Host tensors as a session of onnxruntime takes them. */
export function feedsOf(
  ort: OrtLike,
  { inputMetadata = [] }: Pick<OrtSession, 'inputMetadata'>,
  inputs: HostTensors,
): Record<string, never> {
  const pixels = new Set(inputMetadata.flatMap(({ name, type }) => (type === 'uint8' ? name : [])));
  return Object.fromEntries(
    Object.entries(inputs).map(([name, { data, shape }]) => {
      const type =
        data instanceof Float32Array
          ? 'float32'
          : data instanceof Int32Array
            ? 'int32'
            : pixels.has(name)
              ? 'uint8'
              : 'bool';
      return [name, new ort.Tensor(type, data, shape) as never];
    }),
  );
}

function worse(a: ParityResult | undefined, b: ParityResult): ParityResult {
  if (a === undefined) return b;
  return {
    output: b.output,
    largestDifference: Math.max(a.largestDifference, b.largestDifference),
    largestRelativeDifference: Math.max(a.largestRelativeDifference, b.largestRelativeDifference),
    largestShare: Math.max(a.largestShare, b.largestShare),
    worstInput: a.largestShare >= b.largestShare ? a.worstInput : b.worstInput,
    isArgmaxEqual: a.isArgmaxEqual && b.isArgmaxEqual,
    isClose: a.isClose && b.isClose,
  };
}
