// @ts-check
// `node tools/docs-data.mjs` after `npm run demo`: what the demo's members say about some test images and digits, for the pictures in
// docs/concepts.md. It runs the bundle that the demo exported.
import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { loadFashionSubset, loadMnist } from '@snapshot-ensemble/datasets';
import { loadEnsemble } from '@snapshot-ensemble/ensemble-runtime';

const ROWS = { garments: 1000, digits: 250 };
/** Images that the page shows: the first ones of each kind. */
const SHOWN = 6;
/** Probabilities are kept as logits in [−12, 12], one byte each: 5 % of p or of 1 − p at most. */
const LIMIT = 12;

const root = fileURLToPath(new URL('..', import.meta.url));
const ensemble = await loadEnsemble(process.argv[2] ?? `${root}out/bundle`);

/** @param {import('@snapshot-ensemble/datasets').ImageDataset} dataset @param {number} rows */
async function answersFor({ images, labels, height, width }, rows) {
  const pixels = height * width;
  const outputs = await ensemble.predictMembers({
    [inputName]: { data: images.slice(0, rows * pixels), dims: [rows, height, width, 1] },
  });
  const [probabilities] = Object.values(outputs);
  return {
    rows,
    labels: base64(labels.slice(0, rows)),
    members: base64(Array.from(probabilities?.data ?? [], (p) => byteOf(Number(p)))),
    images: base64(Array.from(images.slice(0, SHOWN * pixels), (value) => Math.round(255 * value))),
  };
}

/** @param {number} p */
function byteOf(p) {
  const logit = Math.log(p / (1 - p));
  return Math.round((255 * (Math.min(LIMIT, Math.max(-LIMIT, logit)) + LIMIT)) / (2 * LIMIT));
}
/** @param {ArrayLike<number>} bytes */
const base64 = (bytes) => Buffer.from(Array.from(bytes)).toString('base64');

const inputName = ensemble.manifest.inputs[0]?.name ?? '';
const garments = await loadFashionSubset('test');
const data = {
  members: ensemble.manifest.policy?.members?.length ?? 8,
  limit: LIMIT,
  classNames: garments.classNames,
  side: garments.width,
  garments: await answersFor(garments, ROWS.garments),
  digits: await answersFor(await loadMnist('test'), ROWS.digits),
};
await ensemble.close();
const target = `${root}docs/.vitepress/theme/demo-members.json`;
writeFileSync(target, `${JSON.stringify(data, null, 2)}\n`);
console.log(`Wrote docs/.vitepress/theme/demo-members.json`);
