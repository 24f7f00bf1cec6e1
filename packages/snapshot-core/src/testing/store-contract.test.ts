import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { memoryBlobs } from '../blobs/memory.ts';
import { fileBlobs } from '../node/file-blobs.ts';
import type { SnapshotStore } from '../snapshot-store.ts';
import { createSnapshotStore } from '../store/create-snapshot-store.ts';
import { storeContract, type OpenStore } from './store-contract.ts';
import { everyDtype, tensorStream, weightsFrom } from './tensors.ts';

const root = mkdtempSync(join(tmpdir(), 'snapshot-core-'));
let folders = 0;
afterAll(() => {
  rmSync(root, { recursive: true });
});

function onMemory(): OpenStore {
  const blobs = memoryBlobs();
  return () => createSnapshotStore(blobs);
}

function onFiles(): OpenStore {
  const folder = join(root, String((folders += 1)));
  return () => createSnapshotStore(fileBlobs(folder));
}

describe.each([
  ['on memoryBlobs', onMemory],
  ['on fileBlobs', onFiles],
])('createSnapshotStore %s', (_, makeStore) => {
  for (const { name, run } of storeContract(makeStore)) it(name, run);
});

type Fault = (store: SnapshotStore) => Partial<SnapshotStore>;

/** Stores with one fault each, and the case that must find it. */
const faults: Readonly<Record<string, readonly [string, Fault]>> = {
  'drops the last tensor of a member': [
    'returns members bit by bit',
    (store) => ({
      async *readMember(id) {
        let held;
        for await (const tensor of store.readMember(id)) {
          if (held !== undefined) yield held;
          held = tensor;
        }
      },
    }),
  ],
  'notes what it is given as the model': [
    'tells everyone what run was begun',
    (store) => ({
      async readModel() {
        return { ...(await store.readModel()), weights: weightsFrom(everyDtype(), 1) };
      },
    }),
  ],
  'lets tensors share memory without being asked': [
    'returns members bit by bit',
    (store) => ({ readMember: (id) => store.readMember(id, { reuseData: true }) }),
  ],
  'overwrites without being asked': [
    'refuses an existing run',
    (store) => ({ begin: (run, _existing, user) => store.begin(run, 'overwrite', user) }),
  ],
  'forgets the checkpoint': [
    'keeps the newest checkpoint',
    () => ({ readCheckpoint: () => Promise.resolve(undefined) }),
  ],
  'mixes up the steps': [
    'lists members by step',
    (store) => ({
      saveMember: (member, weights) =>
        store.saveMember({ ...member, step: 7 - member.step }, weights),
    }),
  ],
  'saves nothing of what breaks off, and says so to nobody': [
    'keeps what it has',
    (store) => ({
      saveMember: (member, weights) =>
        store
          .saveMember(member, weights)
          .catch(() => ({ ...member, metrics: {}, id: '', key: '', sha256: '', bytes: 0 })),
    }),
  ],
  'ends too early': [
    'is shared by several callbacks',
    (store) => ({
      end: async (completed) => {
        await store.end(completed, 'a');
        await store.end(completed, 'b');
      },
    }),
  ],
  'keeps no optimizer': [
    'keeps the newest checkpoint',
    (store) => ({
      saveCheckpoint: (at, weights) => store.saveCheckpoint(at, weights, tensorStream([])),
    }),
  ],
};

describe('a faulty store is found out', () => {
  it.each(Object.entries(faults))('that %s', async (_, [caseName, fault]) => {
    const cases = storeContract(() => {
      const open = onMemory();
      return () => {
        const store = open();
        return { ...store, ...fault(store) };
      };
    });
    const found = cases.find(({ name }) => name.startsWith(caseName));
    expect(found).toBeDefined();
    await expect(found?.run()).rejects.toThrow();
  });

  it('that lets two writers in', async () => {
    const cases = storeContract(() => {
      const blobs = memoryBlobs();
      const { isAlive, identity } = {
        identity: { host: 'a', pid: 1, processStart: '' },
        isAlive: () => Promise.resolve(false),
      };
      return () =>
        createSnapshotStore(blobs, { holder: () => Promise.resolve({ identity, isAlive }) });
    });
    const found = cases.find(({ name }) => name.startsWith('refuses a second writer'));
    await expect(found?.run()).rejects.toThrow('the code is "exists", expected "locked"');
  });
});
