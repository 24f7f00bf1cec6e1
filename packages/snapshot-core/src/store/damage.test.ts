import { beforeEach, describe, expect, it } from 'vitest';
import type { BlobStore } from '../blob-store.ts';
import { memoryBlobs } from '../blobs/memory.ts';
import { readAll, streamOf } from '@snapshot-ensemble/bytes';
import type { Run, SnapshotStore } from '../snapshot-store.ts';
import { everyDtype, readTensors, tensorStream, weightsFrom } from '../testing/tensors.ts';
import { createSnapshotStore } from './create-snapshot-store.ts';

const specs = everyDtype();
const run = {
  model: { format: 'test', topology: { a: 1 }, weights: specs },
  plan: { totalSteps: 4, cycles: [{ index: 0, start: 0, end: 4 }] },
  schedule: [{ start: 0, end: 4, lrMax: 0.1, lrEnd: 0 }],
};

let blobs: BlobStore;
let store: SnapshotStore;
let begun: Run;
let id = '';
let key = '';
beforeEach(async () => {
  blobs = memoryBlobs();
  store = createSnapshotStore(blobs, { versions: { 'snapshot-core': '9.9.9' } });
  begun = await store.begin(run);
  ({ id, key } = await begun.save(
    { cycle: 0, step: 4, learningRate: 0.1 },
    tensorStream(weightsFrom(specs, 1)),
  ));
  await begun.saveCheckpoint(
    { step: 4, epoch: 0 },
    { weights: tensorStream(weightsFrom(specs, 1)) },
  );
});

async function change(of: string, to: (bytes: Uint8Array) => Uint8Array): Promise<void> {
  await blobs.write(of, streamOf(to(await readAll(blobs.read(of)))));
}

const flipped = (at: number) => (bytes: Uint8Array) =>
  bytes.with(at < 0 ? bytes.length + at : at, bytes.at(at)! ^ 1);

describe('a member', () => {
  it('of which any byte was flipped is refused before its last tensor is yielded', async () => {
    const original = await readAll(blobs.read(key));
    for (let at = 0; at < original.length; at += 7) {
      await change(key, () => flipped(at)(original));
      let yielded = 0;
      const reading = (async () => {
        for await (const tensor of store.readMember(id)) yielded += tensor.data.length >= 0 ? 1 : 0;
      })();
      await expect(reading).rejects.toMatchObject({
        code: expect.stringMatching(/damaged|unsupported/),
        key,
      });
      expect(yielded).toBeLessThan(specs.length);
    }
  });

  it('that was cut short is refused, and the error says what to do', async () => {
    await change(key, (bytes) => bytes.subarray(0, -1));
    const { message } = (await readTensors(store.readMember(id)).catch(
      (error: unknown) => error as Error,
    )) as Error;
    expect(message.replaceAll(/step-[^.]*/g, 'ID')).toMatchInlineSnapshot(
      `""members/ID.safetensors" is damaged: it has 1173 bytes, the manifest says 1174. Restore it from a copy, or call repair(blobs), which takes it out of the run."`,
    );
  });

  it('whose header was changed is refused, and the error says what to do', async () => {
    await change(key, flipped(9));
    await expect(readTensors(store.readMember(id))).rejects.toThrow(
      /is damaged\. Not a valid safetensors file: .* repair\(blobs\), which takes it out/,
    );
  });

  it('that is missing is refused', async () => {
    await blobs.remove(key);
    await expect(readTensors(store.readMember(id))).rejects.toMatchObject({
      code: 'not-found',
      key,
    });
  });
});

describe('a checkpoint', () => {
  it('damaged in its last byte yields neither all weights nor all state', async () => {
    const { key: place } = (await store.readCheckpoint())!.record;
    await change(place, flipped(-1));
    const checkpoint = await store.readCheckpoint();
    await expect(readTensors(checkpoint!.weights())).rejects.toMatchObject({
      code: 'damaged',
      message: expect.stringContaining("begin a new run with existing: 'overwrite'") as string,
    });
    await expect(readTensors(checkpoint!.optimizer())).rejects.toMatchObject({ code: 'damaged' });
  });
});

describe('a topology', () => {
  it('of which a byte was changed is refused', async () => {
    await change('topology.json', (bytes) => bytes.with(5, 0x32));
    await expect(store.readModel()).rejects.toMatchObject({
      code: 'damaged',
      key: 'topology.json',
    });
  });
});

/** Whatever JSON holds: the tests break it on purpose. */
// eslint-disable-next-line @typescript-eslint/no-explicit-any
type Json = Record<string, any>;

describe('a manifest', () => {
  const edited = (edit: (manifest: Json) => void) =>
    change('manifest.json', (bytes) => {
      const manifest = JSON.parse(new TextDecoder().decode(bytes)) as Json;
      edit(manifest);
      return new TextEncoder().encode(JSON.stringify(manifest));
    });

  it('of a later schema is refused with the version needed', async () => {
    await edited((manifest) => (manifest['schemaVersion'] = 3));
    await expect(store.readManifest()).rejects.toMatchObject({
      code: 'newer-schema',
      key: 'manifest.json',
    });
    await expect(store.readManifest()).rejects.toThrowErrorMatchingInlineSnapshot(
      `[StoreError: "manifest.json" has schema 3; this version of snapshot-core reads schemas up to 1. Install one that reads schema 3 (the run was written by snapshot-core 9.9.9).]`,
    );
  });

  it.each(['../outside', '/etc/passwd', 'members/../../x', 'C:\\x', 'members/', ''])(
    'that names the key %j is refused by readers and writers',
    async (bad) => {
      await edited((manifest) => (manifest['members'][0].key = bad));
      await expect(store.readManifest()).rejects.toMatchObject({ code: 'unsafe-key' });
      await expect(readTensors(store.readMember(id))).rejects.toMatchObject({ code: 'unsafe-key' });
      await begun.close();
      await expect(
        createSnapshotStore(blobs).begin(run, { existing: 'resume' }),
      ).rejects.toMatchObject({
        code: 'unsafe-key',
      });
    },
  );

  it.each<[string, (manifest: Json) => void]>([
    ['no schema', (manifest) => delete manifest['schemaVersion']],
    ['schema 0', (manifest) => (manifest['schemaVersion'] = 0)],
    ['a schema that is text', (manifest) => (manifest['schemaVersion'] = '1')],
    ['no members', (manifest) => delete manifest['members']],
    ['a member without a checksum', (manifest) => delete manifest['members'][0].sha256],
    ['a checksum that is none', (manifest) => (manifest['members'][0].sha256 = 'abc')],
    ['a negative size', (manifest) => (manifest['members'][0].bytes = -1)],
    ['half a step', (manifest) => (manifest['members'][0].step = 1.5)],
    ['an unknown dtype', (manifest) => (manifest['model'].weights[0].dtype = 'float8')],
    ['a run that is a path', (manifest) => (manifest['run'] = '../x')],
  ])('with %s is refused', async (_, edit) => {
    await edited(edit);
    await expect(store.readManifest()).rejects.toMatchObject({
      code: 'damaged',
      key: 'manifest.json',
    });
  });

  it.each([
    ['torn', (bytes: Uint8Array) => bytes.subarray(0, 100)],
    ['empty', () => new Uint8Array(0)],
    ['not UTF-8', (bytes: Uint8Array) => bytes.with(20, 0xff)],
    ['a number', () => new TextEncoder().encode('1')],
  ])('that is %s is refused, never taken for an empty store', async (_, to) => {
    await change('manifest.json', (bytes) => to(bytes));
    await expect(store.readManifest()).rejects.toMatchObject({ code: 'damaged' });
    await begun.close();
    await expect(createSnapshotStore(blobs).begin(run)).rejects.toMatchObject({ code: 'damaged' });
  });
});
