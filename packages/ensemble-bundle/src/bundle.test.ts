import { ReadableStream } from 'node:stream/web';
import { streamOf } from '@snapshot-ensemble/bytes';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { exampleManifest } from '../test/example.ts';
import { memoryBundle, readBundle, smokeFiles, writeBundle, type SmokeTest } from './index.ts';

const graph = Uint8Array.of(1, 2, 3, 4);
const smoke: SmokeTest = {
  request: { inputs: [{ name: 'image', shape: [1, 1], datatype: 'FP32', data: [0.5] }] },
  expected: {
    model_name: 'digits',
    outputs: [{ name: 'probs', shape: [1, 3], datatype: 'FP32', data: [0.1, 0.2, 0.7] }],
    parameters: { absolute: 1e-5, relative: 1e-4 },
  },
};

async function written(): Promise<ReturnType<typeof memoryBundle>> {
  const bundle = memoryBundle();
  await writeBundle(bundle, {
    manifest: exampleManifest(),
    files: { 'ensemble.onnx': graph, ...smokeFiles(smoke) },
  });
  return bundle;
}

/** The bundle with one file put through `change`. */
async function damaged(
  path: string,
  change: (bytes: Uint8Array) => Uint8Array,
): Promise<ReturnType<typeof memoryBundle>> {
  const bundle = await written();
  const bytes = change(bundle.files.get(path)!.slice());
  await bundle.write(path, streamOf(bytes));
  return bundle;
}

describe('writeBundle and readBundle', () => {
  it('give back what went in', async () => {
    const bundle = await readBundle(await written());
    expect(await bundle.readGraph()).toEqual(graph);
    expect(await bundle.readSmokeTest()).toEqual(smoke);
    await expect(bundle.verify()).resolves.toBeUndefined();
  });

  it('write ensemble.json last', async () => {
    expect([...(await written()).files.keys()]).toEqual([
      'ensemble.onnx',
      'smoke/request.json',
      'smoke/expected.json',
      'ensemble.json',
    ]);
  });

  it('hash as sha256sum does', async () => {
    const { manifest } = await readBundle(await written());
    // printf '\x01\x02\x03\x04' | sha256sum
    expect(manifest.files['ensemble.onnx']).toEqual({
      bytes: 4,
      sha256: '9f64a747e1b97f131fabb6b447296c9b6f0201e79fb3c5356e6c77e89b6a806a',
    });
  });

  it('hash streams as whole files, however they are cut', async () => {
    const bytes = fc.uint8Array({ minLength: 1, maxLength: 300 });
    await fc.assert(
      fc.asyncProperty(fc.array(bytes, { minLength: 1, maxLength: 6 }), async (chunks) => {
        const [streamed, whole] = [memoryBundle(), memoryBundle()];
        const all = Uint8Array.from(chunks.flatMap((chunk) => [...chunk]));
        const stream = ReadableStream.from(chunks);
        const a = await writeBundle(streamed, {
          manifest: exampleManifest(),
          files: { 'ensemble.onnx': stream },
        });
        const b = await writeBundle(whole, {
          manifest: exampleManifest(),
          files: { 'ensemble.onnx': all },
        });
        expect(a).toEqual(b);
        expect(await (await readBundle(streamed)).readGraph()).toEqual(all);
      }),
    );
  });

  it('refuse a manifest that contradicts itself before the first byte', async () => {
    const bundle = memoryBundle();
    const parts = {
      manifest: exampleManifest({ graph: 'absent.onnx' }),
      files: { 'ensemble.onnx': graph },
    };
    await expect(writeBundle(bundle, parts)).rejects.toMatchObject({ code: 'invalid-manifest' });
    await expect(
      writeBundle(bundle, { ...parts, files: { '../out': graph } }),
    ).rejects.toMatchObject({ code: 'unsafe-path' });
    expect(bundle.files.size).toBe(0);
  });

  it.each<[string, (bytes: Uint8Array) => Uint8Array]>([
    ['wrong-checksum', (bytes) => bytes.fill(9, 0, 1)],
    ['wrong-size', (bytes) => bytes.subarray(1)],
    ['wrong-size', (bytes) => Uint8Array.of(...bytes, 0)],
  ])('find a damaged graph: %s', async (code, change) => {
    const bundle = await readBundle(await damaged('ensemble.onnx', change));
    await expect(bundle.readGraph()).rejects.toMatchObject({ code, path: 'ensemble.onnx' });
    await expect(bundle.verify()).rejects.toMatchObject({ code });
  });

  it('stop reading a file that does not end', async () => {
    const bundle = await written();
    const source = {
      async *read(path: string): AsyncGenerator<Uint8Array> {
        yield* bundle.read(path);
        while (path === 'ensemble.onnx') yield graph;
      },
    };
    await expect((await readBundle(source)).readGraph()).rejects.toMatchObject({
      code: 'wrong-size',
    });
  });

  it('name what is not there', async () => {
    await expect(readBundle(memoryBundle())).rejects.toMatchObject({
      code: 'missing-file',
      path: 'ensemble.json',
    });
    const bundle = await readBundle(await written());
    await expect(bundle.readFile('other')).rejects.toMatchObject({ code: 'unlisted-file' });
    await expect(bundle.readFile('../other')).rejects.toMatchObject({ code: 'unsafe-path' });
    await expect(bundle.readFile('constructor')).rejects.toMatchObject({ code: 'unlisted-file' });
  });

  it('translate the errors of other sources', async () => {
    const source = (error: Error) => ({
      read: () => {
        throw error;
      },
    });
    const notFound = Object.assign(new Error('gone'), { code: 'not-found' });
    await expect(readBundle(source(notFound))).rejects.toMatchObject({
      code: 'missing-file',
      cause: notFound,
    });
    await expect(readBundle(source(new Error('disk on fire')))).rejects.toMatchObject({
      code: 'unreadable-file',
    });
  });

  it('refuse a manifest that is no JSON', async () => {
    const bundle = await damaged('ensemble.json', (bytes) => bytes.subarray(0, 20));
    await expect(readBundle(bundle)).rejects.toMatchObject({ code: 'unreadable-manifest' });
  });

  it('refuse a smoke test whose data does not fill its shape', async () => {
    const bundle = memoryBundle();
    const lying = {
      ...smoke,
      request: { inputs: [{ ...smoke.request.inputs[0]!, shape: [2, 1] }] },
    };
    await writeBundle(bundle, {
      manifest: exampleManifest(),
      files: { 'ensemble.onnx': graph, ...smokeFiles(lying) },
    });
    await expect((await readBundle(bundle)).readSmokeTest()).rejects.toMatchObject({
      code: 'invalid-smoke',
    });
  });
});
