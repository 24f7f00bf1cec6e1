import type { EnsemblePolicy } from '@snapshot-ensemble/ensemble-math';
import type { KnownOptions } from '@snapshot-ensemble/options';
import type { OrtLike } from '../../parity/check-parity.ts';
import type { HostTensors } from '../../parity/compare.ts';
import { compareBundles, type BundleComparison } from './compare.ts';

/** Rows on which a reduced precision is compared with float32. */
export interface ComparisonRows {
  /** The onnxruntime module. */
  readonly ort: OrtLike;
  /** Rows as requests send them, by input name; preferably rows that nothing was trained or fitted on. */
  readonly inputs: HostTensors;
  /** Class of each row, where known; of several outputs, by their names. */
  readonly labels?: ArrayLike<number> | Readonly<Record<string, ArrayLike<number>>>;
}

export const knownComparisonRows: KnownOptions<ComparisonRows> = {
  ...{ ort: true, inputs: true, labels: true },
};

/** What the precision costs and gains, by output. */
export type BundleComparisons = Readonly<Record<string, BundleComparison>>;

/** Compares two graphs of all members, one of which is at float32. Both are in memory. */
export async function againstFloat32(
  { ort, inputs, labels }: ComparisonRows,
  policies: ReadonlyMap<string, EnsemblePolicy>,
  reference: Uint8Array,
  candidate: Uint8Array,
): Promise<BundleComparisons> {
  const comparisons: [string, BundleComparison][] = [];
  for (const [output, { kind }] of policies) {
    const own = labelsOf(labels, output);
    const compared = await compareBundles({
      ort,
      reference,
      candidate,
      inputs,
      output,
      kind,
      ...(own && { labels: own }),
    });
    comparisons.push([output, compared]);
  }
  return Object.fromEntries(comparisons);
}

function labelsOf(labels: ComparisonRows['labels'], output: string): ArrayLike<number> | undefined {
  return labels === undefined || isList(labels) ? labels : labels[output];
}

function isList(labels: NonNullable<ComparisonRows['labels']>): labels is ArrayLike<number> {
  return typeof labels.length === 'number';
}

/** A comparison in one line. */
export function comparisonText({
  rows,
  sizeShare,
  speedup,
  agreement,
  largestDifference,
  accuracy,
}: BundleComparison): string {
  const percent = (share: number): string => `${(100 * share).toFixed(2)} %`;
  return [
    `on ${rows} rows ${sizeShare.toFixed(2)} of the size`,
    `${speedup.toFixed(2)} × the speed at 64 rows`,
    ...(agreement === undefined ? [] : [`agreement ${percent(agreement)}`]),
    `largest difference ${largestDifference.toPrecision(2)}`,
    ...(accuracy === undefined
      ? []
      : [`accuracy ${percent(accuracy.candidate)} (float32 ${percent(accuracy.reference)})`]),
  ].join(', ');
}
