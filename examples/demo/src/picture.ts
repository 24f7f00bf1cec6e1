import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import {
  applyTemperature,
  errorRate,
  memberOutputs,
  nll,
  type Outputs,
  type Predictions,
} from '@snapshot-ensemble/ensemble-math';
import { type Evidence, type ResultRow, runReport } from '@snapshot-ensemble/report';
import type { Data } from './data.ts';
import type { QuickstartOptions } from './options.ts';
import { type Contestant, meanOfLast } from './scores.ts';
import type { TrainedRun } from './training.ts';
import { found } from './unknown.ts';

interface Told {
  readonly data: Data;
  readonly contestants: readonly Contestant[];
  /** Predictions on the test images. */
  readonly members: Predictions;
  readonly evidence: Evidence;
  readonly verdict: string;
  readonly backend: string;
}

/** Draws the run: one HTML page and its pictures as SVG files. Returns the page's path. */
export async function writeReport(
  { out, trainSize, epochs, cycles, seed }: QuickstartOptions,
  { plan, schedule, history, stepsPerEpoch, store }: TrainedRun,
  { data, contestants, members, evidence, verdict, backend }: Told,
): Promise<string> {
  const manifest = await store.readManifest();
  const files = await runReport({
    title: 'A snapshot ensemble on Fashion-MNIST',
    verdict: `The ensemble against a single model of tuned length. ${verdict
      .split('\n')
      .map((line) => line.trim().replaceAll(/ {2,}/g, ': '))
      .join('. ')}.`,
    facts: [
      { name: 'training images', value: String(trainSize) },
      { name: 'epochs', value: String(epochs) },
      { name: 'cycles', value: String(cycles) },
      { name: 'seed', value: String(seed) },
      { name: 'backend', value: backend },
    ],
    plan,
    schedule,
    snapshots: (manifest?.members ?? []).map(({ step }) => step),
    history,
    stepsPerEpoch,
    results: {
      rows: rowsOf(contestants, members, data.test.labels),
      data: `${data.test.count.toLocaleString('en')} test images`,
    },
    evidence,
  });
  await mkdir(out, { recursive: true });
  for (const [name, content] of Object.entries(files)) await writeFile(join(out, name), content);
  return join(out, 'report.html');
}

function rowsOf(
  contestants: readonly Contestant[],
  members: Predictions,
  labels: ArrayLike<number>,
): readonly ResultRow[] {
  const [single, ensemble] = [contestants[0]!, contestants.at(-1)!];
  const sizes = members.members.map((_, index) => index + 1);
  return [
    {
      kind: 'single',
      name: single.name,
      scores: {
        ...scoresOf(single.raw, single.calibrated, labels),
        unknownAuroc: found(single.suspicion),
      },
    },
    ...sizes.map((member): ResultRow => {
      const outputs = memberOutputs(members, member - 1);
      return {
        kind: 'member',
        name: `member ${member}`,
        scores: scoresOf(outputs, undefined, labels),
      };
    }),
    ...sizes.map((size): ResultRow => {
      const raw = meanOfLast(members, size);
      // One temperature for all sizes, that of the whole: it moves little between them.
      const calibrated = applyTemperature(raw, ensemble.temperature, { kind: 'probabilities' });
      const error = errorRate(raw, labels);
      const reach = 1.96 * Math.sqrt((error * (1 - error)) / raw.rows);
      return {
        kind: 'ensemble',
        name: `ensemble of the last ${size}`,
        size,
        scores: {
          ...scoresOf(raw, calibrated, labels),
          ...(size === sizes.length && { unknownAuroc: found(ensemble.suspicion) }),
        },
        intervals: { error: [error - reach, error + reach] },
      };
    }),
  ];
}

function scoresOf(
  raw: Outputs,
  calibrated: Outputs | undefined,
  labels: ArrayLike<number>,
): ResultRow['scores'] {
  return {
    error: errorRate(raw, labels),
    negativeLogLikelihood: nll(raw, labels),
    ...(calibrated && { negativeLogLikelihoodCalibrated: nll(calibrated, labels) }),
  };
}
