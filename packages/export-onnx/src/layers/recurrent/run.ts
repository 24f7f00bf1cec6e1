import type { PortSpec } from '../../graph/builder.ts';
import type { Value } from '../../graph/value.ts';

/** Where the states of cells start. */
export interface InitialStates {
  /** The states of a cell, bottom first; none for zeros. */
  of(cell: number, state: PortSpec): readonly Value[];
}

export interface RunOptions {
  readonly goBackwards: boolean;
  /** What tfjs's executor carries here; steps where it is false hold the state. */
  readonly mask: Value | undefined;
  readonly initialStates: InitialStates;
  readonly needsSequence: boolean;
  /** Whether the sequence comes against the order of the run, which is how tfjs gives it. */
  readonly isTurned: boolean;
}

export interface Run {
  /** `[batch, steps, …state]` where asked for. */
  readonly sequence: Value | undefined;
  /** `[batch, …state]`. */
  readonly last: Value;
  /** In tfjs's order: the last cell's states first. */
  readonly states: readonly Value[];
}
