// @ts-check
// The contract of loadEnsemble on a GPU, in processes, in a thread and on this thread: `npm run conformance cuda`, or `node check.mjs` in a folder that
// prepare.mjs made. Needs an NVIDIA GPU, its driver, the CUDA provider of onnxruntime-node, and its CUDA and cuDNN libraries.
import { readFileSync } from 'node:fs';
import { performance } from 'node:perf_hooks';
import { loadEnsemble } from '@snapshot-ensemble/ensemble-runtime';
import { ensembleCases } from '@snapshot-ensemble/ensemble-runtime/testing';
import * as ort from 'onnxruntime-node';

const golden = new URL('../serving/golden/', import.meta.url);
const tiny = new URL('tiny', golden);
const identity = new URL('identity', golden);
/** @type {Record<string, any[]>} */
const nested = JSON.parse(readFileSync(new URL('tiny.expected.json', golden), 'utf8'));
const expected = Object.fromEntries(
  Object.entries(nested).map(([name, rows]) => [name, /** @type {number[]} */ (rows.flat(9))]),
);
// TF32, which CUDA's matrix products use unless NVIDIA_TF32_OVERRIDE=0, keeps 10 bits of each factor.
const tolerance = process.env.NVIDIA_TF32_OVERRIDE === '0' ? 2e-6 : 2e-3;
const device = process.env.ENSEMBLE_DEVICE === 'cpu' ? 'cpu' : 'cuda';

let passed = 0;
let failed = 0;

/**
 * @param {string} name
 * @param {() => Promise<void>} act
 */
async function test(name, act) {
  try {
    await act();
    passed++;
    console.log(`ok ${name}`);
  } catch (error) {
    failed++;
    console.log(`FAILED ${name}: ${error instanceof Error ? error.stack : error}`);
  }
}

/** @type {readonly (readonly [string, import('@snapshot-ensemble/ensemble-runtime').ExecutorKind])[]} */
const executors = [
  ['processes', 'process'],
  ['a thread', 'thread'],
  ['this thread', { ort }],
];
for (const [where, executor] of executors)
  for (const { name, run } of ensembleCases({ tiny, identity, expected, tolerance }))
    await test(`${device}, in ${where}: ${name}`, async () => {
      /** @type {import('@snapshot-ensemble/ensemble-runtime').Ensemble[]} */
      const opened = [];
      try {
        await run(async (bundle, options) => {
          const ensemble = await loadEnsemble(bundle, { device, executor, ...options });
          opened.push(ensemble);
          if (ensemble.device.used !== device)
            throw new Error(`runs on ${ensemble.device.used}: ${ensemble.device.reason}`);
          return ensemble;
        });
      } finally {
        await Promise.all(opened.map((ensemble) => ensemble.close()));
      }
    });

await test('auto takes the GPU', async () => {
  const ensemble = await loadEnsemble(tiny, { device: 'auto' });
  await ensemble.close();
  if (ensemble.device.used !== device) throw new Error(ensemble.device.reason);
});

await test('a killed process comes back on the same device', async () => {
  const ensemble = await loadEnsemble(tiny, { device, processes: 'own' });
  const x = Float32Array.from(expected.x);
  process.kill(/** @type {number} */ (ensemble.stats().workers[0].pid), 'SIGKILL');
  const start = performance.now();
  await ensemble.predict(x);
  console.log(`  back after ${Math.round(performance.now() - start)} ms`);
  await ensemble.close();
});

console.log(`${passed} passed, ${failed} failed`);
process.exitCode = failed === 0 && passed > 0 ? 0 : 1;
