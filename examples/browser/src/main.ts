import type { Manifest } from '@snapshot-ensemble/snapshot-core';
import { defaultStore } from '@snapshot-ensemble/snapshot-core/default-store';
import { lossChart } from './chart.ts';
import { exportAndRun } from './exporting.ts';
import { cellCentres, drawPlane } from './plane.ts';
import { EPOCHS, plan, schedule, STORE, train } from './training.ts';

const trainButton = document.querySelector<HTMLButtonElement>('#train')!;
const restartButton = document.querySelector<HTMLButtonElement>('#restart')!;
const exportButton = document.querySelector<HTMLButtonElement>('#export')!;
const progress = document.querySelector<HTMLProgressElement>('#progress')!;
const status = document.querySelector('#status')!;
const chart = lossChart(document.querySelector<HTMLCanvasElement>('#chart')!, plan, schedule);

async function showSnapshots(): Promise<Manifest | undefined> {
  const manifest = await defaultStore(STORE).readManifest();
  document.querySelector('#snapshots')!.replaceChildren(
    ...(manifest?.members ?? []).map(({ step, metrics }) => {
      const item = document.createElement('li');
      item.textContent = `Snapshot at step ${step}: validation loss ${(metrics['val_loss'] ?? NaN).toFixed(3)}`;
      return item;
    }),
  );
  return manifest;
}

/** Shows what the store holds and what can be done with it. */
async function showStore(): Promise<void> {
  const manifest = await showSnapshots();
  const completed = manifest?.completed ?? false;
  trainButton.textContent = manifest === undefined ? 'Train' : 'Continue';
  trainButton.disabled = completed;
  restartButton.hidden = manifest === undefined;
  restartButton.disabled = false;
  exportButton.disabled = !completed;
  if (completed) progress.value = 1;
  if (manifest === undefined) status.textContent = 'Nothing trained yet.';
  else
    status.textContent = `${completed ? 'Trained' : 'Stopped'}: ${manifest.members.length} of ${plan.cycles.length} snapshots are in this browser.`;
}

async function startTraining(existing: 'resume-or-start' | 'overwrite'): Promise<void> {
  for (const button of [trainButton, restartButton, exportButton]) button.disabled = true;
  await train(existing, chart.callback, {
    name: 'page',
    onEpochEnd: async ({ epoch }) => {
      progress.value = (epoch + 1) / EPOCHS;
      status.textContent = `Epoch ${epoch + 1} of ${EPOCHS}`;
      await showSnapshots();
    },
  });
  await showStore();
}

async function startExport(): Promise<void> {
  exportButton.disabled = true;
  status.textContent = 'Exporting …';
  const { onnx, probabilities, disagreement, difference } = await exportAndRun(
    STORE,
    cellCentres(),
  );
  const map = document.querySelector<HTMLCanvasElement>('#map')!;
  map.hidden = false;
  drawPlane(map, probabilities, disagreement);
  document.querySelector('#answer')!.textContent =
    `onnxruntime-web and TensorFlow.js differ by at most ${difference.toExponential(1)}. ` +
    'The map is pale where the members disagree.';
  const download = document.querySelector<HTMLAnchorElement>('#download')!;
  download.href = URL.createObjectURL(new Blob([onnx], { type: 'application/octet-stream' }));
  download.download = 'ensemble.onnx';
  download.hidden = false;
  await showStore();
}

/** An error ends in the page, where the reader sees it. */
const onClick = (button: HTMLButtonElement, act: () => Promise<void>): void => {
  button.addEventListener('click', () => {
    act().catch((error: unknown) => (status.textContent = String(error)));
  });
};
onClick(trainButton, () => startTraining('resume-or-start'));
onClick(restartButton, () => startTraining('overwrite'));
onClick(exportButton, startExport);
chart.draw();
await showStore();
