import type { EnsemblePolicy } from '@snapshot-ensemble/ensemble-math';
import type { ModelArtifacts, SnapshotStore } from '@snapshot-ensemble/snapshot-core';
import type { constant, equalCycles } from '@snapshot-ensemble/schedules';
import * as tf from '@tensorflow/tfjs';
import { expectTypeOf } from 'vitest';

import {
  loadMembers,
  memberIOHandler,
  modelArtifacts,
  snapshotEnsembleCallback,
  type Tf,
  tfjsCallbacks,
  tfjsTrainer,
  toTfjsCallback,
  trainSteps,
} from './index.ts';

declare const store: SnapshotStore;
declare const model: tf.LayersModel;
declare const policy: EnsemblePolicy;
declare const plan: ReturnType<typeof equalCycles>;
declare const schedule: ReturnType<typeof constant>;

// The whole module fits, and so does a part of it.
expectTypeOf(tf).toExtend<Tf>();
const { add, Callback, dispose, loadLayersModel, nextFrame, randomNormal, tensor, tidy } = tf;
expectTypeOf({
  add,
  Callback,
  dispose,
  loadLayersModel,
  nextFrame,
  randomNormal,
  tensor,
  tidy,
}).toExtend<Tf>();

// A callback goes where fit takes callbacks, alone and beside others.
expectTypeOf(snapshotEnsembleCallback(tf)).toExtend<tf.Callback>();
void model.fit(tf.zeros([1]), tf.zeros([1]), {
  callbacks: snapshotEnsembleCallback(tf, { cycles: 5 }),
});
void model.fit(tf.zeros([1]), tf.zeros([1]), {
  callbacks: [
    snapshotEnsembleCallback(tf),
    tf.callbacks.earlyStopping(),
    new tf.CustomCallback({ onEpochEnd: () => undefined }),
    toTfjsCallback(tf, { name: 'none' }),
  ],
});

// Plain objects may stand beside it, and their hooks know what they are given.
declare const tfvisCallbacks: Readonly<
  Record<string, (iteration: number, logs?: tf.Logs) => Promise<void>>
>;
void model.fit(tf.zeros([1]), tf.zeros([1]), {
  callbacks: tfjsCallbacks(tf, [
    snapshotEnsembleCallback(tf),
    tf.callbacks.earlyStopping(),
    {
      onEpochEnd: (epoch, logs) => {
        expectTypeOf(epoch).toEqualTypeOf<number>();
        expectTypeOf(logs).toEqualTypeOf<tf.Logs | undefined>();
      },
    },
    tfvisCallbacks,
  ]),
});
// @ts-expect-error -- there is no such hook
tfjsCallbacks(tf, [{ onEpochOver: () => undefined }]);

// One way to plan at a time.
snapshotEnsembleCallback(tf, { planOf: () => ({ plan, schedule }) });
snapshotEnsembleCallback(tf, { cycleLength: 3, ensembleOptions: { numSnapshots: 2 } });
// @ts-expect-error -- cycles are either equal or growing
snapshotEnsembleCallback(tf, { cycles: 5, cycleLength: 3 });
// @ts-expect-error -- there is no such choice
snapshotEnsembleCallback(tf, { cycles: 5, existing: 'append' });

// One way to select at a time.
void loadMembers(tf, store, { last: 3 });
void loadMembers(tf, store, { policy: [policy, policy] });
expectTypeOf(loadMembers(tf, 'Ensemble'))
  .resolves.toHaveProperty('predict')
  .returns.resolves.toEqualTypeOf<tf.Tensor>();
expectTypeOf(loadMembers<tf.Tensor[]>(tf, store))
  .resolves.toHaveProperty('predict')
  .returns.resolves.toEqualTypeOf<tf.Tensor[]>();
// @ts-expect-error -- the best on what?
void loadMembers(tf, store, { best: 3 });

expectTypeOf(modelArtifacts(model)).resolves.toEqualTypeOf<ModelArtifacts>();
void tf.loadLayersModel(memberIOHandler(store, 'step-1'));

const trainer = tfjsTrainer(tf, model, tf.train.sgd(0.1));
// @ts-expect-error -- without totalSteps no schedule can be laid over the run
void trainSteps(tf, { trainer, callback: { name: 'none' } }, { step: () => undefined });
