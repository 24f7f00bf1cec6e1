import type { OutputArray } from '../executor/port.ts';

/** The least value of each row: a row with several positions is as sure as the least sure of them. */
export function leastByRow({ data, dims }: OutputArray): Float64Array {
  const rows = dims[0]!;
  const size = data.length / rows;
  return Float64Array.from({ length: rows }, (_, row) => {
    let least = Infinity;
    for (let at = row * size; at < (row + 1) * size; at++) {
      const value = Number(data[at]);
      // NaN is less sure than anything.
      if (!(value >= least)) least = value;
    }
    return least;
  });
}
