import type { NamedTensor, TensorSpec, Weights } from '../tensor.ts';

interface Entry {
  readonly spec: TensorSpec;
  /** Running average of a float32 or float64 tensor, in double precision. */
  readonly mean?: Float64Array<ArrayBuffer>;
  /** The newest value of any other tensor: whole numbers and flags have no average. */
  readonly last?: NamedTensor;
}

/** A running average of a model's weights. */
export interface WeightAverage {
  /** Moves the average towards the weights: mean ← mean + share · (weights − mean). */
  add(weights: AsyncIterable<NamedTensor>, share: number): Promise<void>;
  /** The average, in the dtype of the weights. */
  read(): AsyncIterable<NamedTensor>;
  /** The average in full precision, as tensors to save. */
  state(): Weights;
  /** Goes on from what `state` gave. */
  restore(state: Weights): void;
}

const meanName = /^mean\/(float32|float64)\/(.*)$/s;
const lastPrefix = 'last/';

export function weightAverage(): WeightAverage {
  let entries: readonly Entry[] = [];
  return {
    async add(weights, share) {
      const next: Entry[] = [];
      for await (const tensor of weights) {
        next.push(moved(entries[next.length], tensor, share));
      }
      entries = next;
    },
    // eslint-disable-next-line @typescript-eslint/require-await -- a stream is asynchronous for its reader's sake
    async *read() {
      for (const { spec, mean, last } of entries) {
        if (mean !== undefined) yield rounded(spec, mean);
        else if (last !== undefined) yield last;
      }
    },
    state: () => entries.flatMap(saved),
    restore(state) {
      entries = state.map(restored);
    },
  };
}

function moved(entry: Entry | undefined, tensor: NamedTensor, share: number): Entry {
  const { name, dtype, shape, data } = tensor;
  const spec = { name, dtype, shape };
  if (dtype === 'float16' || dtype === 'bfloat16') {
    throw new TypeError(
      `Cannot average weight "${name}": it is ${dtype}; only float32 and float64 weights are averaged.`,
    );
  }
  if (dtype !== 'float32' && dtype !== 'float64') return { spec, last: tensor };
  if (entry?.mean === undefined) return { spec, mean: Float64Array.from(data) };
  const { mean } = entry;
  for (let index = 0; index < mean.length; index += 1) {
    mean[index]! += share * (data[index]! - mean[index]!);
  }
  return { spec, mean };
}

function rounded(spec: TensorSpec, mean: Float64Array): NamedTensor {
  return spec.dtype === 'float64'
    ? { ...spec, dtype: 'float64', data: Float64Array.from(mean) }
    : { ...spec, dtype: 'float32', data: Float32Array.from(mean) };
}

/** An entry as a tensor. */
function saved({ spec, mean, last }: Entry): Weights {
  if (mean !== undefined) {
    const name = `mean/${spec.dtype}/${spec.name}`;
    return [{ name, dtype: 'float64', shape: spec.shape, data: mean }];
  }
  return last === undefined ? [] : [{ ...last, name: lastPrefix + last.name }];
}

function restored(tensor: NamedTensor): Entry {
  const { shape, data } = tensor;
  const [, dtype, name = ''] = meanName.exec(tensor.name) ?? [];
  if (dtype === 'float32' || dtype === 'float64')
    return { spec: { name, dtype, shape }, mean: Float64Array.from(data as Float64Array) };
  const last = { ...tensor, name: tensor.name.slice(lastPrefix.length) };
  return { spec: { name: last.name, dtype: last.dtype, shape }, last };
}
