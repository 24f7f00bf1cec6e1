import { createSnapshotStore, memoryBlobs } from '@snapshot-ensemble/snapshot-core';
import { describe, expect, it } from 'vitest';
import { trainEnsemble } from './train-ensemble.ts';

const seed = Number(process.env['TEST_SEED'] ?? 1);

describe('trainEnsemble', () => {
  it('makes an ensemble that is right more often than its members on average', async () => {
    const store = createSnapshotStore(memoryBlobs());
    const small = { images: 2000, epochs: 6, cycles: 3, seed };
    const { members, ensemble } = await trainEnsemble({ store, ...small });
    expect(members).toHaveLength(3);
    expect(ensemble.accuracy).toBeGreaterThan(0.87);
    const mean = members.reduce((sum, { accuracy }) => sum + accuracy, 0) / members.length;
    expect(ensemble.accuracy).toBeGreaterThan(mean);
  });
});
