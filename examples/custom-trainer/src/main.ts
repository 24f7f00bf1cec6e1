import { createSnapshotStore } from '@snapshot-ensemble/snapshot-core';
import { fileBlobs } from '@snapshot-ensemble/snapshot-core/node';
import { trainEnsemble, type Scores } from './train-ensemble.ts';

const store = createSnapshotStore(fileBlobs('Ensemble'));
const settings = { images: 60_000, epochs: 15, cycles: 5, seed: 1 };
const { members, ensemble } = await trainEnsemble({ store, ...settings });

const line = (name: string, { accuracy, nll }: Scores): string =>
  `${name.padEnd(10)} error ${(100 * (1 - accuracy)).toFixed(2)} %  NLL raw ${nll.toFixed(4)}`;
for (const [index, scores] of members.entries()) console.log(line(`member ${index}`, scores));
console.log(line('ensemble', ensemble));
