import { checkOptions } from '@snapshot-ensemble/options';
import type { Trainer } from '@snapshot-ensemble/snapshot-core';

import { type InputBatches, refreshBatchNorm } from './batch-norm.ts';
import { checkTf } from './check-tf.ts';
import { TfjsAdapterError } from './errors.ts';
import { learningRateOf } from './learning-rate.ts';
import { withLosses } from './losses.ts';
import { perturbWeights } from './noise.ts';
import { checkReadable, readOptimizerState, writeOptimizerState } from './optimizer-state.ts';
import type { LayersModel, Optimizer, Tensor, Tf } from './tf.ts';
import {
  assignWeights,
  checkFinite,
  checkNames,
  hostCopies,
  modelVariables,
  specsOf,
} from './weights.ts';

/** What a trainer cannot find out on its own. */
export interface TfjsTrainerOptions {
  /** Sets the learning rate of an optimizer that is not one of `tf.train`'s. */
  readonly setLearningRate?: (learningRate: number) => void;
  /** Batches of training inputs, to refresh batch-norm statistics with after weights were averaged. */
  readonly batchNormData?: InputBatches;
}

/** The port of snapshot-core for a tfjs model. */
export interface TfjsTrainer extends Trainer {
  /** The optimizer's learning rate as the trainer found it, or undefined where the optimizer does not expose it. */
  readonly initialLearningRate: number | undefined;
  /** Sets the optimizer back to the learning rate it came with. */
  restoreLearningRate(): void;
  /** Throws `optimizer-state` where tfjs cannot read the optimizer's state, so that a checkpoint is impossible. */
  checkResumable(): void;
}

/** The format of `ModelDescription.topology` for models of this adapter. */
export const modelFormat = 'tfjs-layers-model';

/** Returns the trainer of a model and the optimizer that updates it; the compiled one by default. */
export function tfjsTrainer(
  tf: Tf,
  model: LayersModel,
  optimizer: Optimizer = compiledOptimizer(model),
  options: TfjsTrainerOptions = {},
): TfjsTrainer {
  checkTf('tfjsTrainer', tf);
  checkOptions('tfjsTrainer', options, { setLearningRate: true, batchNormData: true });
  checkNames(model);
  const learningRate = learningRateOf(optimizer, options.setLearningRate);
  const variables = (): ReturnType<typeof modelVariables> => modelVariables(model);
  return {
    model: {
      format: modelFormat,
      topology: withLosses(model.toJSON(null, false) as object, model),
      weights: specsOf(variables()),
    },
    initialLearningRate: learningRate.own,
    setLearningRate(value) {
      learningRate.set(value);
    },
    restoreLearningRate() {
      learningRate.restore();
    },
    checkResumable: () => {
      checkReadable(optimizer);
    },
    readWeights: () => checkFinite(hostCopies(variables)),
    writeWeights: (weights) => assignWeights(tf, variables(), weights),
    readOptimizer: () => readOptimizerState(optimizer),
    writeOptimizer: (state) =>
      writeOptimizerState(tf, optimizer, state, trainedBy(model, optimizer)),
    refreshBatchNorm: () => refreshBatchNorm(tf, model, options.batchNormData),
    perturbWeights(standardDeviation, seed) {
      perturbWeights(tf, model, standardDeviation, seed);
    },
    stop() {
      model.stopTraining = true;
    },
  };
}

/** What the compiled optimizer trains; undefined of an optimizer that may train other variables, or those of several models. */
function trainedBy(model: LayersModel, optimizer: Optimizer): readonly Tensor[] | undefined {
  const { optimizer: compiled, collectedTrainableWeights } = model as unknown as {
    readonly optimizer?: Optimizer;
    readonly collectedTrainableWeights?: readonly { read(): Tensor }[];
  };
  if (compiled !== optimizer) return undefined;
  return collectedTrainableWeights?.map((weight) => weight.read());
}

function compiledOptimizer(model: LayersModel): Optimizer {
  const { optimizer } = model as { optimizer?: Optimizer };
  if (optimizer) return optimizer;
  throw new TfjsAdapterError(
    'no-optimizer',
    `The model "${model.name}" has no optimizer. Call model.compile({ optimizer, loss }) first, or pass the optimizer: ` +
      'tfjsTrainer(tf, model, optimizer).',
  );
}
