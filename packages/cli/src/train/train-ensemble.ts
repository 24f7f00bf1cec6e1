import { resolve } from 'node:path';
import type * as Tfjs from '@tensorflow/tfjs';
import type * as Adapter from '@snapshot-ensemble/adapter-tfjs';
import {
  createSnapshotStore,
  type ProgressReport,
  reportProgress,
  type SnapshotStore,
  type TrainingCallback,
} from '@snapshot-ensemble/snapshot-core';
import { fileBlobs } from '@snapshot-ensemble/snapshot-core/node';
import type { Surroundings } from '../command.ts';
import { needed } from '../export/tfjs.ts';
import { inFolder } from '../folders.ts';
import { count, metric, plural } from '../numbers.ts';
import { readTrainingModule, type TrainingModule } from './training-module.ts';

interface TrainFlags {
  readonly store: string;
  readonly fresh?: true;
  readonly json?: true;
}

/** Trains what the module exports, or continues after the last whole epoch that is in the store. */
export async function trainEnsemble(
  file: string,
  { store: folder, fresh, json }: TrainFlags,
  { print, directory }: Surroundings,
): Promise<void> {
  const tf = await needed<typeof Tfjs>('@tensorflow/tfjs', directory, 'train');
  const adapter = await needed<typeof Adapter>(
    '@snapshot-ensemble/adapter-tfjs',
    directory,
    'train',
  );
  // Else it greets whoever runs it in Node.
  tf.enableProdMode();
  const module = await readTrainingModule(file, directory);
  const say = (text: string, event: object): void => {
    print(json === true ? `${JSON.stringify(event)}\n` : `${text}\n`);
  };
  const store = createSnapshotStore(fileBlobs(resolve(directory, folder)));
  try {
    const initialEpoch = fresh === true ? 0 : await adapter.resumeEpoch(store);
    const { epochs } = module.options;
    const from = initialEpoch === 0 ? 'from the beginning' : `after epoch ${initialEpoch}`;
    if (initialEpoch < epochs) {
      say(
        `Training ${plural(epochs, 'epoch')} ${from}. Ctrl-C stops; the same command continues.`,
        {
          kind: 'start',
          epochs,
          initialEpoch,
          store: folder,
        },
      );
      const existing = fresh === true ? 'overwrite' : 'resume-or-start';
      const callback = adapter.snapshotEnsembleCallback(tf, {
        checkpointEveryEpochs: 1,
        ...module.options.ensemble,
        existing,
        store,
        callbacks: [
          ...(module.options.ensemble?.callbacks ?? []),
          reportProgress((report) => {
            if (report.kind === 'epoch') say(epochText(report, epochs), report);
          }),
          announceMembers(store, say),
        ],
      });
      await fit(module, { initialEpoch, callbacks: callback });
    }
    const members = (await store.readManifest())?.members.length ?? 0;
    say(
      `${folder} holds ${plural(members, 'member')}. Next: npx snapshot-ensemble inspect ${folder}`,
      {
        kind: 'end',
        store: folder,
        members,
      },
    );
  } catch (error) {
    throw error instanceof Error && 'code' in error ? inFolder(folder, error) : error;
  }
}

async function fit(
  { model, data, options }: TrainingModule,
  own: { readonly initialEpoch: number; readonly callbacks: Tfjs.Callback },
): Promise<void> {
  const forFit = Object.entries(options).filter(([name]) => name !== 'ensemble');
  const args = { ...Object.fromEntries(forFit), epochs: options.epochs, ...own };
  if ('dataset' in data) await model.fitDataset(data.dataset, args);
  else await model.fit(data.inputs, data.targets, args);
}

/** Says which snapshots came into the store with each epoch. */
function announceMembers(
  store: SnapshotStore,
  say: (text: string, event: object) => void,
): TrainingCallback {
  let known = 0;
  const look = async (): Promise<void> => {
    const members = (await store.readManifest())?.members ?? [];
    for (const { id, cycle, step } of members.slice(known))
      say(`snapshot of cycle ${cycle + 1} after step ${count(step)}`, {
        kind: 'snapshot',
        id,
        cycle,
        step,
      });
    known = members.length;
  };
  return {
    name: 'announce-members',
    async onTrainBegin() {
      known = (await store.readManifest())?.members.length ?? 0;
    },
    onEpochEnd: look,
    onTrainEnd: look,
  };
}

function epochText(
  { epoch, step, totalSteps, metrics = {}, remainingMs }: ProgressReport,
  epochs: number,
): string {
  const measured = Object.entries(metrics).map(([name, value]) => `${name} ${metric(value)}`);
  const left = remainingMs === undefined ? [] : [`${count(Math.ceil(remainingMs / 1000))} s left`];
  const done = `epoch ${epoch + 1} of ${epochs}`;
  return [done, `step ${count(step)} of ${count(totalSteps)}`, ...measured, ...left].join('  ');
}
