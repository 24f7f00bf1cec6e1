// @ts-check
// Trains on a disk that is too small. node disk-full.mjs FOLDER stop|continue
import {
  chain,
  createSnapshotStore,
  followSchedule,
  saveCheckpoints,
  takeSnapshots,
} from '../../packages/snapshot-core/dist/index.js';
import { fileBlobs } from '../../packages/snapshot-core/dist/node/index.js';

const [folder = '', mode] = process.argv.slice(2);
const elements = 250_000;
const cycles = Array.from({ length: 20 }, (_, index) => ({
  index,
  start: index * 2,
  end: index * 2 + 2,
}));
const plan = { totalSteps: 40, cycles };
const store = createSnapshotStore(fileBlobs(folder));
/** @type {unknown[]} */
const errors = [];
let step = 0;

const trainer = {
  model: {
    format: 'test',
    topology: {},
    weights: [{ name: 'w', dtype: /** @type {const} */ ('float32'), shape: [elements] }],
  },
  setLearningRate: () => undefined,
  async *readWeights() {
    yield { ...trainer.model.weights[0], data: new Float32Array(elements).fill(step + 1) };
  },
  writeWeights: () => Promise.resolve(),
  stop: () => undefined,
};
const onSaveError = (/** @type {unknown} */ error) => void errors.push(error);
const options = mode === 'continue' ? { onSaveError } : {};
const callback = chain(
  followSchedule(() => 0.1),
  takeSnapshots(plan, store, options),
  saveCheckpoints(store, { everySteps: 3, ...options }),
);

const at = { totalSteps: 40, stepsPerEpoch: 100, epoch: 0 };
let thrown;
try {
  await callback.onTrainBegin?.({ ...at, step: 0 }, trainer);
  for (step = 0; step < 40; step += 1) {
    await callback.onStepBegin?.({ ...at, step }, trainer);
    await callback.onStepEnd?.({ ...at, step, readMetrics: async () => ({}) }, trainer);
  }
  await callback.onTrainEnd?.({ ...at, step, outcome: 'finished' }, trainer);
} catch (error) {
  thrown = error;
  await callback.onTrainEnd?.({ ...at, step, outcome: 'failed' }, trainer);
}

const reader = createSnapshotStore(fileBlobs(folder));
const manifest = await reader.readManifest();
const members = [];
for (const { id, step: saved } of manifest?.members ?? []) {
  for await (const { data } of reader.readMember(id)) {
    members.push({ step: saved, intact: data.every((value) => value === saved) });
  }
}
/** @param {any} error */
const described = (error) => error && { code: error.code, key: error.key, message: error.message };
console.log(
  JSON.stringify({
    steps: step,
    thrown: described(thrown),
    errors: errors.map(described),
    members,
  }),
);
