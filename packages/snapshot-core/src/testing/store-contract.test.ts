import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { memoryBlobs } from '../blobs/memory.ts';
import { fileBlobs } from '../node/file-blobs.ts';
import type { Run, SnapshotStore } from '../snapshot-store.ts';
import { createSnapshotStore } from '../store/create-snapshot-store.ts';
import { storeContract } from './store-contract.ts';
import type { OpenStore } from './store/subject.ts';
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

/** A store whose runs have a fault. */
const inRuns =
  (fault: (run: Run) => Partial<Run>): Fault =>
  (store) => ({
    async begin(description, options) {
      const run = await store.begin(description, options);
      const faulty = Object.create(run) as Run;
      return Object.assign(faulty, fault(run));
    },
  });

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
    (store) => ({ begin: (run) => store.begin(run, { existing: 'overwrite' }) }),
  ],
  'starts where it should resume': [
    'resumes nothing where there is nothing',
    (store) => ({ begin: (run) => store.begin(run, { existing: 'resume-or-start' }) }),
  ],
  'forgets the checkpoint': [
    'keeps the newest checkpoint',
    () => ({ readCheckpoint: () => Promise.resolve(undefined) }),
  ],
  'mixes up the steps': [
    'lists members by step',
    inRuns((run) => ({
      save: (member, weights) => run.save({ ...member, step: 7 - member.step }, weights),
    })),
  ],
  'saves nothing of what breaks off, and says so to nobody': [
    'keeps what it has',
    inRuns((run) => ({
      save: (member, weights) =>
        run
          .save(member, weights)
          .catch(() => ({ ...member, metrics: {}, id: '', key: '', sha256: '', bytes: 0 })),
    })),
  ],
  'gives one handle to all': [
    'is shared by the callbacks of one training',
    (store) => {
      let run: Promise<Run> | undefined;
      return { begin: (description, options) => (run ??= store.begin(description, options)) };
    },
  ],
  'does not know its own leftovers': [
    'takes over what a training of this process left',
    (store) => ({
      begin: (run, { existing } = {}) => store.begin(run, { ...(existing && { existing }) }),
    }),
  ],
  'saves after it was closed': [
    'refuses to save in a run that is closed',
    inRuns(() => ({ close: () => Promise.resolve() })),
  ],
  'keeps no optimizer': [
    'keeps the newest checkpoint',
    inRuns((run) => ({
      saveCheckpoint: (at, { weights, callbacks = { json: {} } }) =>
        run.saveCheckpoint(at, { weights, callbacks }),
    })),
  ],
  'keeps no state of callbacks': [
    'keeps the newest checkpoint',
    inRuns((run) => ({
      saveCheckpoint: (at, { weights, optimizer = tensorStream([]) }) =>
        run.saveCheckpoint(at, { weights, optimizer }),
    })),
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
      const isAlive = (): Promise<boolean> => Promise.resolve(false);
      let pid = 0;
      return () => {
        const identity = { host: 'a', boot: '', pid: (pid += 1), start: '' };
        return createSnapshotStore(blobs, { holder: () => Promise.resolve({ identity, isAlive }) });
      };
    });
    const found = cases.find(({ name }) => name.startsWith('refuses a second writer'));
    await expect(found?.run()).rejects.toThrow('the code is "exists", expected "locked"');
  });
});
