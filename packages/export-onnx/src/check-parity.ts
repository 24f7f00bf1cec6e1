import { ExportError } from './errors.ts';

/** A tensor on the host, row-major. */
export interface HostTensor {
  readonly data: Float32Array | Int32Array | Uint8Array;
  readonly shape: readonly number[];
}

export type HostTensors = Readonly<Record<string, HostTensor>>;

/** What is needed of onnxruntime: `onnxruntime-node`, `-web` and `-common` all fit. */
export interface OrtLike {
  readonly InferenceSession: {
    create(bytes: Uint8Array, options?: object): Promise<OrtSession>;
  };
  readonly Tensor: new (
    type: 'float32' | 'int32' | 'bool',
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
}

export interface ParityOptions {
  /** The exported file. */
  readonly bytes: Uint8Array;
  /** The onnxruntime module. */
  readonly ort: OrtLike;
  /** What the model itself answers, by name of the graph's outputs; outputs left out are not compared. */
  readonly predict: (inputs: HostTensors) => HostTensors | Promise<HostTensors>;
  /** Sets of inputs by name of the graph's inputs; best of more than one batch size. */
  readonly inputs: readonly HostTensors[];
  /** Default 1e-5. */
  readonly absolute?: number;
  /** Default 1e-4. */
  readonly relative?: number;
}

/** How far the graph is from the model, for one output over all inputs. */
export interface ParityResult {
  readonly output: string;
  readonly largestDifference: number;
  /** |graph − model| / |model| where the model's value is not 0. */
  readonly largestRelativeDifference: number;
  /** Whether every row has its largest value at the same place, up to ties within the tolerance. */
  readonly isArgmaxEqual: boolean;
  /** Whether every |graph − model| ≤ absolute + relative · |model|. */
  readonly isClose: boolean;
}

/** Both ends of ORT's own rewriting: what is in the file, and what most people run. */
const OPTIMIZATIONS = ['disabled', 'all'] as const;

/**
 * Runs the graph through onnxruntime, unoptimized and fully optimized, with strict shape inference, and compares with the
 * model. Returns the largest differences by output; throws `ExportError('parity')` only where shapes or names disagree.
 */
export async function checkParity(options: ParityOptions): Promise<readonly ParityResult[]> {
  const { bytes, ort, inputs, absolute = 1e-5, relative = 1e-4 } = options;
  const expected: HostTensors[] = [];
  for (const set of inputs) expected.push(await options.predict(set));
  const results = new Map<string, ParityResult>();
  for (const graphOptimizationLevel of OPTIMIZATIONS) {
    const session = await ort.InferenceSession.create(bytes, {
      graphOptimizationLevel,
      extra: { session: { strict_shape_type_inference: '1' } },
    });
    try {
      for (const [index, set] of inputs.entries()) {
        const answer = await session.run(feedsOf(ort, set));
        for (const [output, want] of Object.entries(expected[index]!)) {
          const result = compare(output, want, answer[output], { absolute, relative });
          results.set(output, worse(results.get(output), result));
        }
      }
    } finally {
      await session.release?.();
    }
  }
  return [...results.values()];
}

/** Host tensors as onnxruntime takes them. */
export function feedsOf(ort: OrtLike, inputs: HostTensors): Record<string, never> {
  return Object.fromEntries(
    Object.entries(inputs).map(([name, { data, shape }]) => {
      const type =
        data instanceof Float32Array ? 'float32' : data instanceof Int32Array ? 'int32' : 'bool';
      return [name, new ort.Tensor(type, data, shape) as never];
    }),
  );
}

function compare(
  output: string,
  want: HostTensor,
  came: { readonly data: unknown; readonly dims: readonly number[] } | undefined,
  { absolute, relative }: { readonly absolute: number; readonly relative: number },
): ParityResult {
  if (came?.dims.join() !== want.shape.join())
    throw new ExportError(
      'parity',
      `Output "${output}" is ${came === undefined ? 'missing' : `[${came.dims.join(', ')}]`} in the graph, [${want.shape.join(', ')}] in the model. Compare the graph with the model it was made from.`,
    );
  const values = came.data as ArrayLike<number>;
  let [largestDifference, largestRelativeDifference, isClose] = [0, 0, true];
  want.data.forEach((target, index) => {
    const value = Number(values[index]);
    // The same infinity, or NaN on both sides, is agreement.
    if (Object.is(value, target)) return;
    const difference = Math.abs(value - target);
    const safe = Number.isNaN(difference) ? Infinity : difference;
    largestDifference = Math.max(largestDifference, safe);
    if (target !== 0)
      largestRelativeDifference = Math.max(largestRelativeDifference, safe / Math.abs(target));
    if (!(safe <= absolute + relative * Math.abs(target))) isClose = false;
  });
  const classes = want.shape.at(-1) ?? 1;
  const isArgmaxEqual = sameArgmax(want.data, values, classes, absolute, relative);
  return { output, largestDifference, largestRelativeDifference, isArgmaxEqual, isClose };
}

function sameArgmax(
  want: ArrayLike<number>,
  came: ArrayLike<number>,
  classes: number,
  absolute: number,
  relative: number,
): boolean {
  for (let start = 0; start + classes <= want.length; start += classes) {
    let [best, chosen] = [start, start];
    for (let index = start; index < start + classes; index++) {
      if (want[index]! > want[best]!) best = index;
      if (came[index]! > came[chosen]!) chosen = index;
    }
    if (want[best]! - want[chosen]! > 2 * (absolute + relative * Math.abs(want[best]!)))
      return false;
  }
  return true;
}

function worse(a: ParityResult | undefined, b: ParityResult): ParityResult {
  if (a === undefined) return b;
  return {
    output: b.output,
    largestDifference: Math.max(a.largestDifference, b.largestDifference),
    largestRelativeDifference: Math.max(a.largestRelativeDifference, b.largestRelativeDifference),
    isArgmaxEqual: a.isArgmaxEqual && b.isArgmaxEqual,
    isClose: a.isClose && b.isClose,
  };
}
