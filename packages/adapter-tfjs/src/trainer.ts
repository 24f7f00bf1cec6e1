import type { Trainer } from '@snapshot-ensemble/snapshot-core';

import { type InputBatches, refreshBatchNorm } from './batch-norm.ts';
import { TfjsAdapterError } from './errors.ts';
import { currentLearningRate, learningRateSetter } from './learning-rate.ts';
import { perturbWeights } from './noise.ts';
import { checkReadable, readOptimizerState, writeOptimizerState } from './optimizer-state.ts';
import type { LayersModel, Optimizer, Tf } from './tf.ts';
import { assignWeights, hostCopies, modelVariables, specsOf } from './weights.ts';

/** What a trainer cannot find out by itself. */
export interface TfjsTrainerOptions {
  /** Sets the learning rate of an optimizer that is not one of `tf.train`'s. */
  readonly setLearningRate?: (learningRate: number) => void;
  /** Batches of training inputs, to refresh batch-norm statistics with after weights were averaged. */
  readonly batchNormData?: InputBatches;
}

/** The port of snapshot-core for a tfjs model. */
export interface TfjsTrainer extends Trainer {
  /** The optimizer's learning rate as the trainer found it, or undefined where it does not tell. */
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
  const setLearningRate = options.setLearningRate ?? learningRateSetter(optimizer);
  const initialLearningRate = currentLearningRate(optimizer);
  const variables = (): ReturnType<typeof modelVariables> => modelVariables(model);
  return {
    model: {
      format: modelFormat,
      topology: model.toJSON(null, false),
      weights: specsOf(variables()),
    },
    initialLearningRate,
    setLearningRate,
    restoreLearningRate() {
      if (initialLearningRate !== undefined) setLearningRate(initialLearningRate);
    },
    checkResumable: () => {
      checkReadable(optimizer);
    },
    readWeights: () => hostCopies(variables),
    writeWeights: (weights) => assignWeights(tf, variables(), weights),
    readOptimizer: () => readOptimizerState(optimizer),
    writeOptimizer: (state) => writeOptimizerState(tf, optimizer, state),
    refreshBatchNorm: () => refreshBatchNorm(tf, model, options.batchNormData),
    perturbWeights(standardDeviation, seed) {
      perturbWeights(tf, model, standardDeviation, seed);
    },
    stop() {
      model.stopTraining = true;
    },
  };
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
