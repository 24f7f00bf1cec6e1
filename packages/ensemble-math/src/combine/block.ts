import type { Floats } from '../shapes.ts';

/**
 * Some rows of all members, small enough that what is computed about them stays in the first-level cache. One
 * object serves a whole call: `start` and `rows` move, nothing is allocated per row.
 */
export interface Block {
  readonly members: readonly Floats[];
  readonly weights: readonly number[];
  readonly classes: number;
  /** Position of the block's first value in every member. */
  start: number;
  rows: number;
  /** The result, `[rows, classes]`. */
  readonly pooled: Float64Array;
  /** Room for every member's values of the block, `[members, rows, classes]`, where the rule needs it. */
  readonly scratch: Float64Array;
}

/** Computes `block.pooled` for the rows at hand. */
export type Kernel = (block: Block) => void;

/** 16 KiB of float64: half a first-level cache. */
const blockValues = 2048;

export function rowsPerBlock(rows: number, classes: number): number {
  return Math.max(1, Math.min(rows, Math.floor(blockValues / classes)));
}
