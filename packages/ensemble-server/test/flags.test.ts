import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import {
  memoryBundle,
  readBundle,
  writeBundle,
  type BundleSource,
} from '@snapshot-ensemble/ensemble-bundle';
import { bundleDirectory } from '@snapshot-ensemble/ensemble-bundle/node';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { serve, type RunningServer } from '../src/index.ts';
import { post, readJson } from './helpers.ts';

// Made with Python's onnx and NumPy: conformance/serving/make_cascade.py
const golden = new URL('../../../conformance/serving/golden/', import.meta.url);
const expected = JSON.parse(
  await readFile(new URL('cascade.expected.json', golden), 'utf8'),
) as Readonly<Record<string, number[][]>>;
const rows = expected['x']!.length;
const threshold = 0.6;

/** The golden bundle of members and conformal sets, with a policy that abstains below the threshold. */
async function abstaining(): Promise<BundleSource> {
  const bundle = await readBundle(bundleDirectory(fileURLToPath(new URL('separate', golden))));
  const { manifest } = bundle;
  const files = Object.keys(manifest.files).map(
    async (path) => [path, await bundle.readFile(path)] as const,
  );
  const abstain = { score: 'largestProbability', threshold, share: 0.1 } as const;
  const flag = { name: 'probs.abstain', dtype: 'bool', shape: [null] } as const;
  const changed = memoryBundle();
  await writeBundle(changed, {
    manifest: {
      ...manifest,
      outputs: [...manifest.outputs, { ...flag, role: 'abstain', of: 'probs' }],
      policy: { probs: { ...manifest.policy['probs']!, abstain } },
    },
    files: Object.fromEntries(await Promise.all(files)),
  });
  await bundle.close();
  return changed;
}

let server: RunningServer;
beforeAll(async () => {
  server = await serve({ bundles: { careful: await abstaining() }, port: 0 });
});
afterAll(() => server.close());

it('answers with the conformal set of each row and whether it declines the row', async () => {
  const x = { name: 'x', datatype: 'FP32', shape: [rows, expected['x']![0]!.length] };
  const inputs = [{ ...x, data: expected['x'] }];
  const { outputs } = await readJson(await post(server, { inputs }, {}, 'careful'));
  const answer = (name: string) => outputs.find((output) => output.name === name);
  expect(answer('probs.conformal_set')).toMatchObject({
    datatype: 'BOOL',
    data: expected['probs.conformal_set']!.flat().map(Boolean),
  });
  const declined = expected['probs']!.map((row) => Math.max(...row) < threshold);
  expect(new Set(declined).size).toBe(2);
  expect(answer('probs.abstain')).toMatchObject({
    datatype: 'BOOL',
    shape: [rows],
    data: declined,
  });
});
