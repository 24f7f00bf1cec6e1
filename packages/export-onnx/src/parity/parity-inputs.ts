import type { ModelArtifacts } from '@snapshot-ensemble/snapshot-core';
import { property } from '../artifacts/json.ts';
import { isGraphModel } from '../graph-model/artifacts.ts';
import { isModelClass, readTopology, type ModelSpec, type TensorRef } from '../keras/topology.ts';
import type { ExportedTensor } from '../onnx/exported-tensor.ts';
import type { HostTensor, HostTensors } from './compare.ts';
import { generator } from './random.ts';

/** What inputs that hold indices stay below, by input name. */
export type IndexLimits = Readonly<Record<string, number>>;

/** One value of an input that holds real numbers, and of one that holds indices below a limit. */
interface Pattern {
  readonly real: (random: () => number) => number;
  readonly index: (limit: number, random: () => number) => number;
}

const ordinary: Pattern = {
  real: (random) => (random() < 0.05 ? 0 : (random() + random() + random() - 1.5) * 2),
  // Index 0 is what Keras pads with.
  index: (limit, random) => (random() < 0.3 ? 0 : Math.floor(random() * limit)),
};
const sign = (random: () => number): number => (random() < 0.5 ? -1 : 1);

/** Where exporters go wrong: nothing, everything masked or nothing, values that round, vanish or saturate. */
const edges: Readonly<Record<string, Pattern>> = {
  zeros: { real: () => 0, index: () => 0 },
  constant: { real: () => 0.5, index: (limit) => limit - 1 },
  // Far below the smallest normal float32, 1.2e-38.
  denormal: { real: (random) => sign(random) * 1e-40, index: (limit) => Math.min(1, limit - 1) },
  large: {
    real: (random) => sign(random) * (1e3 + 1e3 * random()),
    index: (limit, random) => (random() < 0.5 ? 0 : limit - 1),
  },
  huge: { real: (random) => sign(random) * 1e6 * random(), index: (limit) => limit >> 1 },
};
const [EDGE_ROWS, RANDOM_ROWS] = [1, [1, 3]] as const;
/** For a dimension that only the run decides. */
const FREE_DIMENSION = 8;

/**
 * Input sets for `checkParity`, for a model and the inputs that its export declares: random values in two batch sizes,
 * zeros, a constant, denormals, large and huge values. Inputs of embeddings get indices, 0 and the largest among them.
 */
export function parityInputs(
  artifacts: Pick<ModelArtifacts, 'modelTopology'>,
  inputs: readonly ExportedTensor[],
  seed = 1,
): readonly HostTensors[] {
  // A graph model has no layers that would tell which inputs are indices.
  const limits = isGraphModel(artifacts)
    ? {}
    : indexLimits(readTopology(artifacts.modelTopology), inputs);
  const random = generator(seed);
  return [
    ...RANDOM_ROWS.map((rows) => fill(inputs, rows, ordinary, limits, random)),
    ...edgeInputs(inputs, limits, seed),
  ];
}

/** The sets at the edges alone. */
export function edgeInputs(
  inputs: readonly ExportedTensor[],
  limits: IndexLimits = {},
  seed = 1,
): readonly HostTensors[] {
  const random = generator(seed);
  return Object.values(edges).map((pattern) => fill(inputs, EDGE_ROWS, pattern, limits, random));
}

function fill(
  inputs: readonly ExportedTensor[],
  rows: number,
  pattern: Pattern,
  limits: IndexLimits,
  random: () => number,
): HostTensors {
  return Object.fromEntries(
    inputs.map(({ name, dtype, shape }): [string, HostTensor] => {
      const sides = shape.map((side, axis) =>
        typeof side === 'number' ? side : axis === 0 ? rows : FREE_DIMENSION,
      );
      const length = sides.reduce((product, side) => product * side, 1);
      const limit = limits[name] ?? (dtype === 'float32' ? undefined : 2);
      const draw = (): number =>
        limit === undefined ? pattern.real(random) : pattern.index(limit, random);
      const values = Array.from({ length }, draw);
      return [name, { data: typed(dtype, values), shape: sides }];
    }),
  );
}

function typed(dtype: ExportedTensor['dtype'], values: readonly number[]): HostTensor['data'] {
  if (dtype === 'int32') return Int32Array.from(values);
  return dtype === 'bool' ? Uint8Array.from(values) : Float32Array.from(values);
}

/** The smallest vocabulary of the embeddings that read an input, for each input that one reads. */
function indexLimits(spec: ModelSpec, inputs: readonly ExportedTensor[]): IndexLimits {
  const limits = spec.inputs.map(
    (input, index) => [inputs[index]!.name, Math.min(...vocabularies(spec, input))] as const,
  );
  return Object.fromEntries(limits.filter(([, limit]) => Number.isFinite(limit)));
}

function vocabularies(spec: ModelSpec, from: TensorRef): readonly number[] {
  return [...spec.layers.values()].flatMap(({ className, config, calls, model }) =>
    calls.flatMap((call) =>
      call.flatMap((ref, index) => {
        if (ref.layer !== from.layer || ref.tensor !== from.tensor) return [];
        if (isModelClass(className) && model !== undefined)
          return vocabularies(model, model.inputs[index]!);
        const size = property(config, 'inputDim');
        return className === 'Embedding' && typeof size === 'number' ? [size] : [];
      }),
    ),
  );
}
