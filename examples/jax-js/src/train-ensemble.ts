import { nn } from '@jax-js/jax';
import { accuracy, combine, nll, type Outputs } from '@snapshot-ensemble/ensemble-math';
import { anneal, equalCycles } from '@snapshot-ensemble/schedules';
import {
  chain,
  followSchedule,
  resumeStep,
  runTraining,
  saveCheckpoints,
  takeSnapshots,
  type Metrics,
  type SnapshotStore,
  type TrainingCallback,
} from '@snapshot-ensemble/snapshot-core';
import { classCount, imagesOf, labelsOf, type LabelledImages } from './batches.ts';
import { jaxTrainer, type JaxTrainer } from './jax-trainer.ts';
import { createParameters, crossEntropy, logits, type Parameters } from './network.ts';

export interface TrainingSettings {
  readonly filters: readonly [number, number];
  readonly batchSize: number;
  readonly epochs: number;
  readonly seed: number;
}

export interface Scores {
  readonly accuracy: number;
  readonly nll: number;
}

const newTrainer = (side: number, filters: readonly [number, number], seed: number) => {
  const shape = { side, filters, classes: classCount };
  return jaxTrainer<Parameters>(createParameters(shape, seed), crossEntropy, shape);
};

export const stepsPerEpoch = ({ labels }: LabelledImages, batchSize: number): number =>
  Math.floor(labels.length / batchSize);

/** Trains a new CNN from a step on, batch after batch in the order of the rows. */
export async function train(
  data: LabelledImages,
  held: LabelledImages,
  { filters, batchSize, epochs, seed }: TrainingSettings,
  callback: TrainingCallback,
  firstStep = 0,
): Promise<void> {
  const trainer = newTrainer(data.side, filters, seed);
  const perEpoch = stepsPerEpoch(data, batchSize);
  try {
    await runTraining(trainer, callback, {
      totalSteps: epochs * perEpoch,
      stepsPerEpoch: perEpoch,
      firstStep,
      async step({ step }) {
        const start = (step % perEpoch) * batchSize;
        const end = start + batchSize;
        const loss = trainer.step(imagesOf(data, start, end), labelsOf(data, start, end));
        // Read at once, so that nothing waits to be freed; jax-js computes in this thread.
        const [value] = (await loss.data()) as Float32Array;
        return (): Metrics => ({ loss: value! });
      },
      async evaluate(): Promise<Metrics> {
        const { accuracy: acc, nll: loss } = scoresOf(await predict(trainer, held), held);
        return { val_loss: loss, val_acc: acc };
      },
    });
  } finally {
    trainer.dispose();
  }
}

/** Trains a snapshot ensemble, or goes on with the run that the store holds. */
export async function trainEnsemble(
  store: SnapshotStore,
  data: LabelledImages,
  held: LabelledImages,
  settings: TrainingSettings & { readonly cycles: number },
): Promise<void> {
  const totalSteps = settings.epochs * stepsPerEpoch(data, settings.batchSize);
  const plan = equalCycles({ totalSteps, cycles: settings.cycles });
  const schedule = anneal(plan, { lrInit: 0.1 });
  const existing = 'resume-or-start';
  const callback = chain(
    followSchedule(schedule),
    saveCheckpoints(store, { existing }),
    takeSnapshots(plan, store, { schedule, existing }),
  );
  await train(data, held, settings, callback, await resumeStep(store));
}

/** Scores of every member and of their mean on held-out images. */
export async function evaluate(
  store: SnapshotStore,
  held: LabelledImages,
  filters: readonly [number, number],
): Promise<{ readonly members: readonly Scores[]; readonly ensemble: Scores }> {
  const trainer = newTrainer(held.side, filters, 0);
  const outputs: Outputs[] = [];
  try {
    for (const { id } of (await store.readManifest())?.members ?? []) {
      await trainer.writeWeights(store.readMember(id));
      outputs.push(await predict(trainer, held));
    }
  } finally {
    trainer.dispose();
  }
  const shape = { rows: held.labels.length, classes: classCount };
  const all = { members: outputs.map(({ data }) => data), ...shape };
  return {
    members: outputs.map((output) => scoresOf(output, held)),
    ensemble: scoresOf(combine(all, 'meanProbabilities', { kind: 'probabilities' }), held),
  };
}

async function predict(trainer: JaxTrainer<Parameters>, images: LabelledImages): Promise<Outputs> {
  const rows = images.labels.length;
  const probabilities = nn.softmax(logits(trainer.parameters(), imagesOf(images, 0, rows)));
  const data = (await probabilities.data()) as Float32Array;
  return { data, rows, classes: classCount };
}

const scoresOf = (outputs: Outputs, { labels }: LabelledImages): Scores => ({
  accuracy: accuracy(outputs, labels),
  nll: nll(outputs, labels),
});
