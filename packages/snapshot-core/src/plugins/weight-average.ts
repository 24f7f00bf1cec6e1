import type { NamedTensor, TensorSpec, Weights } from '../tensor.ts';

interface Entry {
  readonly spec: TensorSpec;
  /** Running average of a float32 tensor, in double precision. */
  readonly mean?: Float64Array<ArrayBuffer>;
  /** The newest value of any other tensor: whole numbers and flags have no average. */
  readonly last?: NamedTensor;
}

/** A running average of a model's weights. */
export interface WeightAverage {
  /** Moves the average towards the weights: mean ← mean + share · (weights − mean). */
  add(weights: AsyncIterable<NamedTensor>, share: number): Promise<void>;
  /** The average, rounded to float32. */
  read(): AsyncIterable<NamedTensor>;
  /** The average in full precision, as tensors to save. */
  state(): Weights;
  /** Goes on from what `state` gave. */
  restore(state: Weights): void;
}

const meanPrefix = 'mean/';
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
        if (mean !== undefined) yield { ...spec, dtype: 'float32', data: Float32Array.from(mean) };
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

/** An entry as a tensor. The bits of a double are saved as an int64: weights have no double precision. */
function saved({ spec, mean, last }: Entry): Weights {
  if (mean !== undefined) {
    const data = new BigInt64Array(mean.buffer, mean.byteOffset, mean.length);
    return [{ name: meanPrefix + spec.name, dtype: 'int64', shape: spec.shape, data }];
  }
  return last === undefined ? [] : [{ ...last, name: lastPrefix + last.name }];
}

function restored(tensor: NamedTensor): Entry {
  const { shape, data } = tensor;
  if (tensor.name.startsWith(meanPrefix)) {
    const spec = { name: tensor.name.slice(meanPrefix.length), dtype: 'float32' as const, shape };
    const bits = BigInt64Array.from(data as BigInt64Array);
    return { spec, mean: new Float64Array(bits.buffer) };
  }
  const last = { ...tensor, name: tensor.name.slice(lastPrefix.length) };
  return { spec: { name: last.name, dtype: last.dtype, shape }, last };
}
