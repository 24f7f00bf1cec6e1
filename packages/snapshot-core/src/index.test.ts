import { expect, it } from 'vitest';
import * as core from './index.ts';

it('exports what is documented, and nothing else', () => {
  expect(Object.keys(core).toSorted()).toEqual([
    'StoreError',
    'averageWeights',
    'breakLock',
    'chain',
    'collect',
    'createSnapshotStore',
    'cycleEnds',
    'decodeSafetensors',
    'decodeSafetensorsStream',
    'encodeSafetensors',
    'everySteps',
    'followSchedule',
    'greedySoup',
    'isBetter',
    'keepBest',
    'langevinNoise',
    'lastEpochs',
    'learningRateRangeTest',
    'memoryBlobs',
    'modeOf',
    'openSweep',
    'repair',
    'reportProgress',
    'resumeStep',
    'runTraining',
    'saveCheckpoints',
    'stopEarly',
    'streamSafetensors',
    'takeSnapshots',
    'verify',
  ]);
});
