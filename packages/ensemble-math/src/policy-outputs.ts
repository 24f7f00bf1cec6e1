import type { Outputs } from './shapes.ts';

/** What a policy makes of its members' outputs. */
export interface PolicyOutputs {
  /** `[rows, classes]`: calibrated probabilities, or values in regression. */
  readonly outputs: Outputs;
  /** How many members ran for each row, where the policy has a cascade: `[rows]`. */
  readonly membersUsed?: Uint32Array;
}
