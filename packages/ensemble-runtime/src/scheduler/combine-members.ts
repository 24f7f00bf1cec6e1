import type { BundleOutput, OutputRole } from '@snapshot-ensemble/ensemble-bundle';
import {
  applyPolicy,
  energy,
  memberVariance,
  predictWithPolicy,
  type EnsemblePolicy,
  type Floats,
  type PolicyResult,
  type Predictions,
} from '@snapshot-ensemble/ensemble-math';
import type { OutputArray } from '../executor/port.ts';
import type { TensorData } from '../tensor.ts';

/** What one member said of a batch: its position in the manifest, and its prediction [rows, …, values]. */
export interface MemberArray {
  readonly member: number;
  readonly array: OutputArray;
}

/** What is known of the rows that are finite. */
interface Known {
  readonly policy: EnsemblePolicy;
  readonly predictions: Predictions;
  readonly result: PolicyResult;
}

/** Values of each role, by position: a row of the flattened prediction. */
const valuesOf: Readonly<
  Record<Exclude<OutputRole, 'members'>, (known: Known) => ArrayLike<number> | undefined>
> = {
  prediction: ({ result }) => result.outputs.data,
  predictive_entropy: ({ result }) => result.uncertainty?.predictiveEntropy,
  expected_entropy: ({ result }) => result.uncertainty?.expectedEntropy,
  mutual_information: ({ result }) => result.uncertainty?.mutualInformation,
  variance: ({ policy, predictions }) => memberVariance(predictions, policy.weights).data,
  energy: ({ policy, predictions }) => energy(predictions, policy.weights),
  confidence: ({ policy, predictions }) => {
    const { outputs } = predictWithPolicy({ ...policy, temperature: 1 }, predictions);
    return largest(outputs.data, outputs.classes);
  },
  conformal_set: ({ result }) => result.sets?.data,
  interval: ({ result }) => interleave(result.intervals?.lower.data, result.intervals?.upper.data),
  abstain: ({ result }) => result.abstain,
};

const bytes: readonly OutputRole[] = ['conformal_set', 'abstain'];

/**
 * Outputs about one prediction, as made of the members that ran. Weights are shared out among them. Positions where a member is not finite get
 * NaN, in bytes 0.
 */
export function combineOutput(
  policy: EnsemblePolicy,
  ran: readonly MemberArray[],
  memberCount: number,
  wanted: readonly Pick<BundleOutput, 'name' | 'role'>[],
): Readonly<Record<string, OutputArray>> {
  const { dims } = ran[0]!.array;
  const classes = dims.at(-1)!;
  const positions = ran[0]!.array.data.length / classes;
  const arrays = ran.map(({ array }) => array.data as Float32Array);
  const finite = finitePositions(arrays, positions, classes);
  const known = know(policy, ran, {
    members: arrays.map((array) => pick(array, finite, positions, classes)),
    rows: finite.length,
    classes,
  });
  const made = wanted.map(({ name, role }): [string, OutputArray] => {
    if (role === 'members') return [name, stack(ran, memberCount)];
    const values = known === undefined ? [] : (valuesOf[role](known) ?? []);
    const width = finite.length === 0 ? widthOf(role, classes) : values.length / finite.length;
    const data = spread(values, finite, positions, width, bytes.includes(role));
    const dtype = bytes.includes(role) ? 'bool' : 'float32';
    return [name, { dtype, data, dims: shapeOf(role, dims, width) }];
  });
  return Object.fromEntries(made);
}

/** Undefined where no position is finite: there is nothing to combine. */
function know(
  policy: EnsemblePolicy,
  ran: readonly MemberArray[],
  predictions: Predictions,
): Known | undefined {
  if (predictions.rows === 0) return undefined;
  const places = policy.members.flatMap((member, index) => {
    const place = ran.findIndex((one) => one.member === member);
    return place === -1 ? [] : [{ place, weight: policy.weights[index]! }];
  });
  const sum = places.reduce((total, { weight }) => total + weight, 0);
  const { kind, combine, temperature, conformal, abstain } = policy;
  const running: EnsemblePolicy = {
    kind,
    combine,
    temperature,
    ...(conformal && { conformal }),
    ...(abstain && { abstain }),
    members: places.map(({ place }) => place),
    weights: places.map(({ weight }) => (sum === 0 ? 1 / places.length : weight / sum)),
  };
  const chosen = {
    ...predictions,
    members: places.map(({ place }) => predictions.members[place]!),
  };
  return { policy: running, predictions: chosen, result: applyPolicy(running, predictions) };
}

function finitePositions(
  arrays: readonly Float32Array[],
  positions: number,
  classes: number,
): readonly number[] {
  const all = Array.from({ length: positions }, (_, position) => position);
  return all.filter((position) =>
    arrays.every((array) => {
      for (let at = position * classes; at < (position + 1) * classes; at++)
        if (!Number.isFinite(array[at])) return false;
      return true;
    }),
  );
}

function pick(
  array: Float32Array,
  finite: readonly number[],
  positions: number,
  classes: number,
): Floats {
  if (finite.length === positions) return array;
  const picked = new Float32Array(finite.length * classes);
  finite.forEach((position, index) => {
    picked.set(array.subarray(position * classes, (position + 1) * classes), index * classes);
  });
  return picked;
}

function spread(
  values: ArrayLike<number>,
  finite: readonly number[],
  positions: number,
  width: number,
  isBytes: boolean,
): TensorData {
  const data = isBytes
    ? new Uint8Array(positions * width)
    : new Float32Array(positions * width).fill(NaN);
  finite.forEach((position, index) => {
    for (let at = 0; at < width; at++) data[position * width + at] = values[index * width + at]!;
  });
  return data;
}

/** Values a position has of each role. */
function widthOf(role: OutputRole, classes: number): number {
  if (role === 'interval') return 2 * classes;
  if (role === 'conformal_set') return Math.max(2, classes);
  return role === 'prediction' || role === 'variance' ? classes : 1;
}

function shapeOf(role: OutputRole, dims: readonly number[], width: number): readonly number[] {
  const before = dims.slice(0, -1);
  if (role === 'abstain') return before;
  return role === 'interval' ? [...dims, 2] : [...before, width];
}

/** [rows, members, …, values]; a member that did not run is NaN. */
function stack(ran: readonly MemberArray[], memberCount: number): OutputArray {
  const [rows, ...rest] = ran[0]!.array.dims;
  const size = rest.reduce((product, side) => product * side, 1);
  const data = new Float32Array(rows! * memberCount * size).fill(NaN);
  for (const { member, array } of ran)
    for (let row = 0; row < rows!; row++) {
      const values = (array.data as Float32Array).subarray(row * size, (row + 1) * size);
      data.set(values, (row * memberCount + member) * size);
    }
  return { dtype: 'float32', data, dims: [rows!, memberCount, ...rest] };
}

/** The largest of each row; one value a row is a binary output's probability. */
function largest(values: Floats, classes: number): Float64Array {
  return Float64Array.from({ length: values.length / classes }, (_, row) => {
    let max = values[row * classes]!;
    if (classes === 1) return Math.max(max, 1 - max);
    for (let at = row * classes + 1; at < (row + 1) * classes; at++)
      if (values[at]! > max) max = values[at]!;
    return max;
  });
}

function interleave(
  low: ArrayLike<number> | undefined,
  high: ArrayLike<number> | undefined,
): Float64Array | undefined {
  if (low === undefined || high === undefined) return undefined;
  return Float64Array.from({ length: 2 * low.length }, (_, at) =>
    at % 2 === 0 ? low[at >> 1]! : high[at >> 1]!,
  );
}
