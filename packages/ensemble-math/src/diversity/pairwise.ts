import { checkFinite, checkPredictions, checkSomeRows } from '../check.ts';
import { argmaxRow } from '../combine/vote.ts';
import { checkKind, checkUnit, isTwoSided, membersAsClasses, type OutputKind } from '../kinds.ts';
import type { Predictions } from '../shapes.ts';

/** A number for each pair of members: `[members, members]`, row-major, symmetric. */
export interface PairMatrix {
  readonly data: Float64Array;
  readonly members: number;
}

/**
 * Share of rows (multi-label: of labels) for which two members choose different classes, in [0, 1]; 0 on the diagonal.
 */
export function pairwiseDisagreement(
  predictions: Predictions,
  { kind }: { readonly kind: Exclude<OutputKind, 'regression'> },
): PairMatrix {
  checkPredictions('pairwiseDisagreement', predictions);
  checkSomeRows('pairwiseDisagreement', predictions.rows);
  checkKind('pairwiseDisagreement', kind, predictions.classes);
  if (isTwoSided(kind)) {
    predictions.members.forEach((values) => {
      checkUnit('pairwiseDisagreement', kind, values);
    });
  }
  const { members, rows, classes } = membersAsClasses(kind, predictions);
  const choices = members.map((values) =>
    Int32Array.from({ length: rows }, (_, row) => {
      const choice = argmaxRow(values, row * classes, classes);
      if (choice >= 0) return choice;
      throw new RangeError(`pairwiseDisagreement: row ${row} holds a NaN.`);
    }),
  );
  return pairs(members.length, 0, (a, b) => {
    let differing = 0;
    for (let row = 0; row < rows; row++) if (choices[a]![row] !== choices[b]![row]) differing++;
    return differing / rows;
  });
}

/**
 * Pearson correlation of two members' outputs over all rows and classes, in [−1, 1]; 1 on the diagonal. Of softmax
 * outputs it is the figure of Huang et al. 2017, §4.4. NaN where a member's outputs are all the same number.
 */
export function outputCorrelation(predictions: Predictions): PairMatrix {
  checkPredictions('outputCorrelation', predictions);
  const { members, rows } = predictions;
  checkSomeRows('outputCorrelation', rows);
  members.forEach((values) => {
    checkFinite('outputCorrelation', values);
  });
  const means = members.map((values) => sumOf(values.length, (i) => values[i]!) / values.length);
  const covariance = (a: number, b: number): number =>
    sumOf(members[a]!.length, (i) => (members[a]![i]! - means[a]!) * (members[b]![i]! - means[b]!));
  const spreads = members.map((_, m) => covariance(m, m));
  const correlation = pairs(members.length, 1, (a, b) => {
    const value = covariance(a, b) / Math.sqrt(spreads[a]! * spreads[b]!);
    return Math.min(1, Math.max(-1, value));
  });
  spreads.forEach((spread, m) => {
    if (spread === 0) correlation.data[m * members.length + m] = NaN;
  });
  return correlation;
}

function pairs(
  members: number,
  diagonal: number,
  value: (a: number, b: number) => number,
): PairMatrix {
  const data = new Float64Array(members * members);
  for (let a = 0; a < members; a++) {
    data[a * members + a] = diagonal;
    for (let b = 0; b < a; b++) {
      data[a * members + b] = value(a, b);
      data[b * members + a] = data[a * members + b]!;
    }
  }
  return { data, members };
}

function sumOf(length: number, term: (index: number) => number): number {
  let sum = 0;
  for (let i = 0; i < length; i++) sum += term(i);
  return sum;
}
