import { TfjsAdapterError } from './errors.ts';

/** What tfjs tells a callback about a fit; `fitDataset` leaves most of it null. */
export interface FitParams {
  readonly epochs: number;
  readonly steps: number | null;
  readonly samples: number | null;
  readonly batchSize: number | null;
}

/** Optimizer updates in an epoch of this fit. Throws `unknown-steps` where nobody knows. */
export function stepsPerEpochOf(
  { steps, samples, batchSize }: FitParams,
  given: number | undefined,
): number {
  if (given !== undefined && !(Number.isInteger(given) && given > 0)) {
    throw new RangeError(`stepsPerEpoch: got ${given}; it must be a positive integer.`);
  }
  const known =
    steps ?? (samples !== null && batchSize !== null ? Math.ceil(samples / batchSize) : undefined);
  if (known !== undefined && given !== undefined && known !== given) {
    throw new RangeError(
      `stepsPerEpoch: got ${given}, but this fit makes ${known} steps per epoch. Leave the option out.`,
    );
  }
  const stepsPerEpoch = known ?? given;
  if (stepsPerEpoch !== undefined) return stepsPerEpoch;
  throw new TfjsAdapterError(
    'unknown-steps',
    'fitDataset does not know how many batches an epoch of this dataset has (a generator has no known length), so it ' +
      'cannot plan the cycles. Pass batchesPerEpoch to fitDataset, or stepsPerEpoch to the callback.',
  );
}
