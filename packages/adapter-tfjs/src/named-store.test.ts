import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { clusters, silent, tinyModel, useBackend } from '../test/tiny.ts';
import { loadMembers } from './load-members.ts';
import { snapshotEnsembleCallback } from './snapshot-ensemble-callback.ts';

beforeAll(useBackend);

let root: string;
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'named-store-'));
});
afterAll(() => rm(root, { recursive: true }));

describe('a store by its name', () => {
  it('is the default one: a folder in Node', async () => {
    const folder = join(root, 'Ensemble');
    const { xs, ys } = clusters(30);
    const callbacks = snapshotEnsembleCallback(tf, { cycles: 2, store: folder });
    await tinyModel().fit(xs, ys, { epochs: 4, batchSize: 10, ...silent, callbacks });
    const { members } = await loadMembers(tf, folder);
    expect(members.map(({ step }) => step)).toEqual([6, 12]);
    expect(await readdir(folder)).toContain('manifest.json');
  });

  it('of something else says what is expected', async () => {
    await expect(loadMembers(tf, 3 as unknown as string)).rejects.toThrow(
      'Expected a snapshot store, blobs, or the name of a folder (in a browser, of a database); got 3.',
    );
  });
});
