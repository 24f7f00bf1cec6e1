import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type ResultRow, runReport } from '@snapshot-ensemble/report';
import type { QuickstartOptions } from './options.ts';
import type { TrainedRun } from './training.ts';

/** Draws the run: one HTML page and its pictures as SVG files. Returns the page's path. */
export async function writeReport(
  { out, trainSize, testSize, epochs, cycles, seed }: QuickstartOptions,
  { plan, schedule, history, stepsPerEpoch, store }: TrainedRun,
  rows: readonly ResultRow[],
  facts: { readonly verdict: string; readonly backend: string },
): Promise<string> {
  const manifest = await store.readManifest();
  const files = await runReport({
    title: 'A snapshot ensemble on MNIST',
    verdict: facts.verdict,
    facts: [
      { name: 'training images', value: String(trainSize) },
      { name: 'epochs', value: String(epochs) },
      { name: 'cycles', value: String(cycles) },
      { name: 'seed', value: String(seed) },
      { name: 'backend', value: facts.backend },
    ],
    plan,
    schedule,
    snapshots: (manifest?.members ?? []).map(({ step }) => step),
    history,
    stepsPerEpoch,
    results: { rows, data: `${testSize.toLocaleString('en')} test images` },
  });
  await mkdir(out, { recursive: true });
  for (const [name, content] of Object.entries(files)) await writeFile(join(out, name), content);
  return join(out, 'report.html');
}
