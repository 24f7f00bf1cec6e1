import { ExportError } from '../errors.ts';

/** A tensor on the host, row-major. */
export interface HostTensor {
  readonly data: Float32Array | Int32Array | Uint8Array;
  readonly shape: readonly number[];
}

export type HostTensors = Readonly<Record<string, HostTensor>>;

/** How far the graph's answers are from the model's, for one output over all inputs. */
export interface ParityResult {
  readonly output: string;
  readonly largestDifference: number;
  /** |graph − model| / |model| where the model's value is not 0. */
  readonly largestRelativeDifference: number;
  /** Whether every row has its largest value at the same place, up to ties within the tolerance. */
  readonly isArgmaxEqual: boolean;
  /** |graph − model| / (absolute + relative · |model|): what is above 1 is not close. */
  readonly largestShare: number;
  /** Index of the input set that gave the largest share. */
  readonly worstInput: number;
  /** Whether every |graph − model| ≤ absolute + relative · |model|. */
  readonly isClose: boolean;
}

/** Inputs beyond this are large on purpose. */
const ORDINARY = 10;

/** The largest finite value of the inputs, where it is large; else undefined. */
export function largeInput(inputs: HostTensors): number | undefined {
  const largest = Math.max(...Object.values(inputs).map(largestOf));
  return largest > ORDINARY ? largest : undefined;
}

/** The same inputs, every other number larger by a share of it, the rest as much smaller. */
export function nudged(inputs: HostTensors, share: number): HostTensors {
  return Object.fromEntries(
    Object.entries(inputs).map(([name, { data, shape }]) => {
      const changed =
        data instanceof Float32Array
          ? data.map((value, index) => value * (1 + (index % 2 === 0 ? share : -share)))
          : data;
      return [name, { data: changed, shape }];
    }),
  );
}

/** How far two answers of the model itself are apart, where both are numbers. */
export function largestChange(a: HostTensor, b: HostTensor): number {
  return Array.from(a.data).reduce((most: number, value: number, index: number) => {
    const change = Math.abs(value - b.data[index]!);
    return Number.isFinite(change) ? Math.max(most, change) : most;
  }, 0);
}

function largestOf({ data }: HostTensor): number {
  if (!(data instanceof Float32Array)) return 0;
  // Infinity as a unit would let everything pass.
  return data.reduce(
    (most, value) => (Number.isFinite(value) ? Math.max(most, Math.abs(value)) : most),
    0,
  );
}

export interface Gate {
  readonly absolute: number;
  readonly relative: number;
}

/** How far one output is from what the model answers. */
export function compareTensors(
  output: string,
  want: HostTensor,
  came: { readonly data: unknown; readonly dims: readonly number[] } | undefined,
  gate: Gate,
): Omit<ParityResult, 'worstInput'> {
  if (came?.dims.join() !== want.shape.join())
    throw new ExportError(
      'parity',
      `Output "${output}" is ${came === undefined ? 'missing' : `[${came.dims.join(', ')}]`} in the graph, [${want.shape.join(', ')}] in the model. Compare the graph with the model it was made from.`,
    );
  const values = came.data as ArrayLike<number>;
  const { absolute, relative } = gate;
  let [largestDifference, largestRelativeDifference, largestShare] = [0, 0, 0];
  want.data.forEach((target, index) => {
    const value = Number(values[index]);
    // The same infinity, or NaN on both sides, is agreement.
    if (Object.is(value, target)) return;
    const difference = Math.abs(value - target);
    const safe = Number.isNaN(difference) ? Infinity : difference;
    largestDifference = Math.max(largestDifference, safe);
    if (target !== 0)
      largestRelativeDifference = Math.max(largestRelativeDifference, safe / Math.abs(target));
    const share = safe / (absolute + relative * Math.abs(target));
    // Both without bounds, but not the same.
    largestShare = Math.max(largestShare, Number.isNaN(share) ? Infinity : share);
  });
  const classes = want.shape.at(-1) ?? 1;
  return {
    output,
    largestDifference,
    largestRelativeDifference,
    largestShare,
    isArgmaxEqual: sameArgmax(want.data, values, classes, gate),
    isClose: largestShare <= 1,
  };
}

function sameArgmax(
  want: ArrayLike<number>,
  came: ArrayLike<number>,
  classes: number,
  { absolute, relative }: Gate,
): boolean {
  // A tensor without elements has its largest value nowhere.
  for (let start = 0; classes > 0 && start + classes <= want.length; start += classes) {
    let [best, chosen] = [start, start];
    for (let index = start; index < start + classes; index++) {
      if (want[index]! > want[best]!) best = index;
      if (came[index]! > came[chosen]!) chosen = index;
    }
    if (want[best]! - want[chosen]! > 2 * (absolute + relative * Math.abs(want[best]!)))
      return false;
  }
  return true;
}
