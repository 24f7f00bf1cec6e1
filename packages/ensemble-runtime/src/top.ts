import type { Tensor } from './tensor.ts';

/** One class of a row. */
export interface RankedClass {
  readonly index: number;
  /** From the labels given. */
  readonly label?: string;
  readonly value: number;
}

/**
 * The `k` largest values of each row of a prediction, largest first; all positions of a row count as rows. `labels` are those of the manifest, by
 * class; a binary output, one probability a row, becomes its two classes. Throws `RangeError`.
 */
export function top(
  { data, dims }: Tensor,
  k: number,
  labels?: readonly string[],
): readonly (readonly RankedClass[])[] {
  if (!Number.isSafeInteger(k) || k < 1)
    throw new RangeError(`top: k is ${k}. Pass a whole number from 1.`);
  const width = dims.at(-1)!;
  const isBinary = width === 1 && labels?.length === 2;
  const classes = isBinary ? 2 : width;
  if (labels !== undefined && labels.length !== classes)
    throw new RangeError(
      `top: there are ${labels.length} labels for ${classes} classes. Pass manifest.labels of this output.`,
    );
  const values = Array.from(data, Number);
  return Array.from({ length: values.length / width }, (_, row) => {
    const own = values.slice(row * width, (row + 1) * width);
    const ranked = (isBinary ? [1 - own[0]!, own[0]!] : own).map((value, index) => ({
      index,
      value,
      ...(labels !== undefined && { label: labels[index]! }),
    }));
    return ranked.sort((a, b) => b.value - a.value).slice(0, k);
  });
}
