import { init } from '@jax-js/jax';
import { loadFashionSubset } from '@snapshot-ensemble/datasets';
import { createSnapshotStore } from '@snapshot-ensemble/snapshot-core';
import { fileBlobs } from '@snapshot-ensemble/snapshot-core/node';
import { halved } from './batches.ts';
import { evaluate, trainEnsemble, type Scores } from './train-ensemble.ts';

await init('wasm');
const [data, held] = await Promise.all([
  loadFashionSubset('train'),
  loadFashionSubset('validation'),
]);
const store = createSnapshotStore(fileBlobs('Ensemble'));
const filters = [8, 16] as const;
const settings = { filters, batchSize: 32, epochs: 8, cycles: 4, seed: 1 };
await trainEnsemble(store, halved(data), halved(held), settings);
const { members, ensemble } = await evaluate(store, halved(held), filters);

const line = (name: string, { accuracy, nll }: Scores): string =>
  `${name.padEnd(10)} error ${(100 * (1 - accuracy)).toFixed(2)} %  NLL raw ${nll.toFixed(4)}`;
for (const [index, scores] of members.entries()) console.log(line(`member ${index}`, scores));
console.log(line('ensemble', ensemble));
