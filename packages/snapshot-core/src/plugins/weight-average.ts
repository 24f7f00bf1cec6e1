import type { NamedTensor, TensorSpec } from '../tensor.ts';

interface Entry {
  readonly spec: TensorSpec;
  /** Running average of a float32 tensor, in double precision. */
  readonly mean?: Float64Array;
  /** The newest value of any other tensor: whole numbers and flags have no average. */
  readonly last?: NamedTensor;
}

/** A running average of a model's weights. */
export interface WeightAverage {
  /** Moves the average towards the weights: mean ← mean + share · (weights − mean). */
  add(weights: AsyncIterable<NamedTensor>, share: number): Promise<void>;
  /** The average, rounded to float32. */
  read(): AsyncIterable<NamedTensor>;
}

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
        if (mean !== undefined) yield { ...spec, dtype: 'float32', data: Float32Array.from(mean) };
        else if (last !== undefined) yield last;
      }
    },
  };
}

function moved(entry: Entry | undefined, tensor: NamedTensor, share: number): Entry {
  const { name, dtype, shape, data } = tensor;
  const spec = { name, dtype, shape };
  if (dtype === 'float16' || dtype === 'bfloat16') {
    throw new TypeError(
      `Cannot average weight "${name}": it is ${dtype}; only float32 weights are averaged.`,
    );
  }
  if (dtype !== 'float32') return { spec, last: tensor };
  if (entry?.mean === undefined) return { spec, mean: Float64Array.from(data) };
  const { mean } = entry;
  for (let index = 0; index < mean.length; index += 1) {
    mean[index]! += share * (data[index]! - mean[index]!);
  }
  return { spec, mean };
}
