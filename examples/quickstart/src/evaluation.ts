import { loadMembers } from '@snapshot-ensemble/adapter-tfjs';
import {
  errorRate,
  memberOutputs,
  nll,
  type Outputs,
  type Predictions,
  unstack,
} from '@snapshot-ensemble/ensemble-math';
import type * as tfjs from '@tensorflow/tfjs';
import type { Data } from './data.ts';
import type { LabelledTensors } from './tensors.ts';
import type { TrainedRun } from './training.ts';

/** Rows that go through a model at once. */
const BATCH_ROWS = 500;

/** What every member of a run says about the images, `[members, rows, 10]`. */
export async function predictMembers(
  tf: typeof tfjs,
  { store }: TrainedRun,
  { images }: LabelledTensors,
): Promise<Predictions> {
  const ensemble = await loadMembers(tf, store);
  const stacked = (await ensemble.predictMembers(images, {
    batchSize: BATCH_ROWS,
  })) as tfjs.Tensor3D;
  const [members, rows, classes] = stacked.shape;
  const data = (await stacked.data()) as Float32Array;
  stacked.dispose();
  ensemble.dispose();
  return unstack(data, { members, rows, classes });
}

export interface Rival {
  readonly run: TrainedRun;
  /** Error on the validation images, by which it was chosen. */
  readonly validationError: number;
  /** What it says about the validation images. */
  readonly onValidation: Outputs;
}

/** The better of the single models, judged on validation images: by errors, then by likelihood. */
export async function chooseRival(
  tf: typeof tfjs,
  runs: readonly TrainedRun[],
  validation: LabelledTensors,
  { labels }: Data['validation'],
): Promise<readonly Rival[]> {
  const judged = [];
  for (const run of runs) {
    const onValidation = memberOutputs(await predictMembers(tf, run, validation), 0);
    judged.push({
      run,
      onValidation,
      validationError: errorRate(onValidation, labels),
      validationNll: nll(onValidation, labels),
    });
  }
  return judged.sort(
    (a, b) => a.validationError - b.validationError || a.validationNll - b.validationNll,
  );
}
