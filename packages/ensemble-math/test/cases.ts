import { seededIntegers } from '../src/random.ts';
import type { Predictions } from '../src/index.ts';

/** A random case, bit for bit that of conformance/metrics/cases.py; see there. */
export interface Case {
  readonly seed: number;
  readonly probabilities: Predictions;
  readonly logits: Predictions;
  readonly weights: readonly number[];
  readonly labels: readonly number[];
  /** `[rows, classes]` */
  readonly targets: Float64Array;
}

export type Group = 'small' | 'large';

const styles = ['random', 'sharp', 'zeros', 'ties'] as const;

export function makeCase(group: Group, index: number): Case {
  const members = 1 + ((index * 7) % 6);
  const classes = 1 + ((index * 5) % 7);
  const rows = group === 'small' ? 1 + (index % 3) : 1 + ((index * 13) % 60);
  const seed = index + (group === 'small' ? 1000 : 2000);
  const style = styles[Math.floor(index / 3) % styles.length]!;
  const draw = seededIntegers(seed);
  const uniform = (): number => draw(2 ** 32) / 2 ** 32;
  const probabilities = Array.from({ length: members }, () =>
    Float64Array.from(
      times(rows, () => distribution(classes, () => valueOf(style, uniform()))).flat(),
    ),
  );
  const logits = Array.from({ length: members }, () =>
    Float64Array.from(times(rows * classes, () => (uniform() - 0.5) * 12)),
  );
  const shares = times(members, () => 1 + draw(4));
  const total = shares.reduce((sum, share) => sum + share, 0);
  const labels = times(rows, (row) =>
    uniform() < 0.6
      ? firstHighest(probabilities[0]!.subarray(row * classes, (row + 1) * classes))
      : draw(classes),
  );
  const targets = Float64Array.from(times(rows * classes, () => uniform() * 4 - 2));
  return {
    seed,
    probabilities: { members: probabilities, rows, classes },
    logits: { members: logits, rows, classes },
    weights: shares.map((share) => share / total),
    labels,
    targets,
  };
}

/** Sum of all inputs in order. */
export function checksum({ probabilities, logits, labels, targets }: Case): number {
  let sum = 0;
  for (const values of [...probabilities.members, ...logits.members, labels, targets]) {
    for (const value of values) sum += value;
  }
  return sum;
}

function times<T>(count: number, make: (index: number) => T): T[] {
  return Array.from({ length: count }, (_, index) => make(index));
}

function distribution(classes: number, draw: () => number): number[] {
  const values = times(classes, draw);
  let total = 0;
  for (const value of values) total += value;
  return values.map((value, c) => (total === 0 ? Number(c === 0) : value / total));
}

function valueOf(style: (typeof styles)[number], u: number): number {
  if (style === 'sharp') return u * u * (u * u) * (u * u * (u * u));
  if (style === 'zeros') return u < 0.4 ? 0 : u;
  if (style === 'ties') return 1 + Math.floor(u * 3);
  return u;
}

function firstHighest(values: Float64Array): number {
  return values.indexOf(Math.max(...values));
}
