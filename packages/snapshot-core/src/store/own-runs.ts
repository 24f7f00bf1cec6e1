import type { Training } from '../protocol.ts';

/** A run that this process writes. */
export interface OwnRun {
  /** Whether what it was begun for is over, though nobody closed it. `next` is what another run is begun for. */
  isLeftover(next: Training | undefined): boolean;
  /** Closes it in its owners' stead: what they do next fails. */
  abandon(): Promise<void>;
}

/**
 * The runs that this process has open, by the token in their lock. A lock names a process, and what that process knows
 * about its own locks is known once for it, whichever store object opened them.
 */
export const ownRuns: Map<string, OwnRun> = new Map<string, OwnRun>();
