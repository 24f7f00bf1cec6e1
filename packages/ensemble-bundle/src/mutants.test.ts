import { describe, expect, it } from 'vitest';
import { exampleManifest } from '../test/example.ts';
import { mutate, randomOf } from '../test/mutate.ts';
import { BundleError, parseManifest, readBundle, toManifestJson } from './index.ts';

const count = process.env['TIER'] === 'long' ? 100_000 : 5_000;
const file = { bytes: 3, sha256: 'a'.repeat(64) };
const valid = toManifestJson({
  schemaVersion: '1.0',
  ...exampleManifest({
    form: 'staged',
    stages: [
      { file: 'stages/000.onnx', members: [0], state: [] },
      {
        file: 'stages/001.onnx',
        members: [1],
        state: [{ name: 'sum', dtype: 'float32', shape: [null, 3] }],
      },
    ],
    extensions: { 'com.example': { nested: [1, { a: null }] } },
  }),
  files: { 'ensemble.onnx': file, 'stages/000.onnx': file, 'stages/001.onnx': file },
});

/** What became of a mutant: 'taken', a code, or the error that must not be. */
function outcome(act: () => unknown): unknown {
  try {
    act();
    return 'taken';
  } catch (error) {
    return error instanceof BundleError ? error.code : error;
  }
}

describe('a changed manifest', () => {
  it(`gives a BundleError or a manifest, and nothing else (${count} times)`, () => {
    const random = randomOf(1);
    const seen = new Map<unknown, number>();
    for (let index = 0; index < count; index += 1) {
      const mutant = mutate(valid, random);
      const what = outcome(() => parseManifest(mutant));
      if (typeof what !== 'string') throw new Error(JSON.stringify(mutant), { cause: what });
      seen.set(what, (seen.get(what) ?? 0) + 1);
    }
    const allowed = ['invalid-manifest', 'taken', 'unsupported-version'];
    expect([...seen.keys()].filter((what) => !allowed.includes(what as string))).toEqual([]);
    // eslint-disable-next-line no-console -- how hard the test was is for people to read
    console.log(JSON.stringify(Object.fromEntries(seen)));
    // Most changes do harm, some cannot be seen.
    expect(seen.get('invalid-manifest')).toBeGreaterThan(count / 2);
  });

  it('is caught where a check throws something else', () => {
    const planted = (): never => {
      throw new TypeError('planted');
    };
    expect(outcome(planted)).toBeInstanceOf(TypeError);
  });

  it('gives a BundleError for bytes that were cut or flipped', async () => {
    const text = new TextEncoder().encode(JSON.stringify(valid));
    const random = randomOf(2);
    for (let index = 0; index < count / 20; index += 1) {
      const bytes = text.slice(
        0,
        random() < 0.5 ? text.length : Math.floor(random() * text.length),
      );
      for (let flips = 0; flips < 3; flips += 1)
        bytes[Math.floor(random() * bytes.length)] = Math.floor(random() * 256);
      const source = {
        async *read(path: string): AsyncGenerator<Uint8Array> {
          if (path !== 'ensemble.json') throw Object.assign(new Error('gone'), { code: 'ENOENT' });
          yield await Promise.resolve(bytes);
        },
      };
      const failure = await readBundle(source).then(
        () => undefined,
        (error: unknown) => error,
      );
      expect(failure === undefined || failure instanceof BundleError).toBe(true);
    }
  });
});
