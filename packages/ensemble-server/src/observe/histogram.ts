/** Counts values by their size, cheaply: no object is made for a value. */
export interface Histogram {
  observe(value: number): void;
  /** Values up to each bound, cumulative; the last is all of them. */
  read(): { readonly cumulative: readonly number[]; readonly sum: number; readonly count: number };
}

export function createHistogram(bounds: readonly number[]): Histogram {
  const counts = new Float64Array(bounds.length + 1);
  let sum = 0;
  return {
    observe(value) {
      let bucket = 0;
      while (bucket < bounds.length && value > bounds[bucket]!) bucket++;
      counts[bucket]!++;
      sum += value;
    },
    read() {
      let total = 0;
      const cumulative = Array.from(counts, (count) => (total += count));
      return { cumulative, sum, count: total };
    },
  };
}
