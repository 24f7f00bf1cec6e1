import type { BundleSource } from '@snapshot-ensemble/ensemble-bundle';
import * as ort from 'onnxruntime-web/wasm';
import { beforeAll, describe, expect, it } from 'vitest';
import { loadEnsemble } from './index.ts';

// In a variable: Vite rewrites what it can read in place. It serves the repository from its root.
const here = import.meta.url;
const golden = new URL('/conformance/serving/golden/', here);

/** A bundle whose files are fetched. */
function fetched(name: string): BundleSource {
  return {
    async *read(path) {
      const response = await fetch(new URL(`${name}/${path}`, golden));
      // A development server answers what it does not have with a page.
      if (!response.ok || response.headers.get('content-type')?.includes('text/html') === true)
        throw Object.assign(new Error(`${path} is not there`), { code: 'not-found' });
      yield new Uint8Array(await response.arrayBuffer());
    },
  };
}

async function json(name: string): Promise<Record<string, unknown[]>> {
  return (await (await fetch(new URL(name, golden))).json()) as Record<string, unknown[]>;
}

beforeAll(() => {
  ort.env.wasm.numThreads = 1;
  ort.env.wasm.wasmPaths = {
    wasm: new URL('/node_modules/onnxruntime-web/dist/ort-wasm-simd-threaded.wasm', here).href,
  };
});

describe('an ensemble on onnxruntime-web in a page', () => {
  it('answers what NumPy computed', async () => {
    const ensemble = await loadEnsemble(fetched('tiny'), { executor: { ort } });
    const expected = await json('tiny.expected.json');
    const { outputs } = await ensemble.predict(
      Float32Array.from(expected['x']!.flat(9) as number[]),
    );
    for (const [name, { data }] of Object.entries(outputs))
      Array.from(data, Number).forEach((value, index) => {
        expect(value).toBeCloseTo((expected[name]!.flat(9) as number[])[index]!, 5);
      });
    expect(ensemble.device.used).toBe('cpu');
    await ensemble.close();
  });

  it.each(['separate', 'staged'])('runs a cascade of %s graphs', async (form) => {
    const ensemble = await loadEnsemble(fetched(form), { executor: { ort } });
    const expected = await json('cascade.expected.json');
    const { outputs, membersUsed } = await ensemble.predict(
      Float32Array.from(expected['x']!.flat(9) as number[]),
    );
    expect([...membersUsed]).toEqual(expected['members_used']);
    Array.from(outputs['probs']!.data, Number).forEach((value, index) => {
      expect(value).toBeCloseTo((expected['probs']!.flat(9) as number[])[index]!, 5);
    });
    await ensemble.close();
  });

  it('refuses a NaN, and says what is wrong with a bundle', async () => {
    const ensemble = await loadEnsemble(fetched('tiny'), { executor: { ort } });
    await expect(ensemble.predict(new Float32Array(4).fill(NaN))).rejects.toMatchObject({
      code: 'non-finite-input',
    });
    await ensemble.close();
    await expect(loadEnsemble(fetched('nowhere'), { executor: { ort } })).rejects.toMatchObject({
      code: 'missing-file',
    });
  });
});
