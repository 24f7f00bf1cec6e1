import { dtypeCodes, type DType } from './dtype.ts';
import type { Shape, ValueInfo } from './model.ts';

/** An input or output of an exported graph. */
export interface ExportedTensor {
  readonly name: string;
  readonly dtype: DType;
  /** Numbers where exact, names where only the run decides; the batch is `N`. */
  readonly shape: Shape;
}

export function exportedTensor({ name, dtype, shape }: ValueInfo): ExportedTensor {
  const found = (Object.keys(dtypeCodes) as DType[]).find((key) => dtypeCodes[key] === dtype);
  return { name, dtype: found!, shape: shape! };
}
