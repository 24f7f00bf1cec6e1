import type { NamedTensor, TrainingCallback } from '@snapshot-ensemble/snapshot-core';
import * as tf from '@tensorflow/tfjs';
import '@tensorflow/tfjs-backend-wasm';

/** Set by the browser's runs of the suite, which have no environment. */
interface Chosen {
  TFJS_BACKEND?: string;
  readonly process?: { readonly env: Readonly<Record<string, string | undefined>> };
}

/** Makes tfjs run on the backend that was chosen: `TFJS_BACKEND=wasm`, say. Default cpu. */
export async function useBackend(): Promise<void> {
  const { TFJS_BACKEND, process } = globalThis as Chosen;
  const name = TFJS_BACKEND ?? process?.env['TFJS_BACKEND'] ?? 'cpu';
  if (!(await tf.setBackend(name))) throw new Error(`The tfjs backend "${name}" does not start.`);
}

export interface TinyModelOptions {
  readonly optimizer?: tf.Optimizer;
  readonly batchNorm?: boolean;
}

/** 4 features → 3 classes, 51 weights, the same initial values every time. */
export function tinyModel({
  optimizer = tf.train.sgd(0.1),
  batchNorm = false,
}: TinyModelOptions = {}): tf.Sequential {
  const dense = (units: number, seed: number, more: object): tf.layers.Layer =>
    tf.layers.dense({ units, kernelInitializer: tf.initializers.glorotUniform({ seed }), ...more });
  const model = tf.sequential();
  model.add(dense(6, 11, { name: 'hidden', inputShape: [4], activation: 'tanh' }));
  if (batchNorm) model.add(tf.layers.batchNormalization({ name: 'norm', momentum: 0.9 }));
  model.add(dense(3, 12, { name: 'classes', activation: 'softmax' }));
  model.compile({ optimizer, loss: 'categoricalCrossentropy', metrics: ['accuracy'] });
  return model;
}

/** Three noisy clusters in four dimensions, labels one-hot. */
export function clusters(rows: number, seed = 1): { xs: tf.Tensor2D; ys: tf.Tensor2D } {
  return tf.tidy(() => {
    const labels = tf.tensor1d(
      Array.from({ length: rows }, (_, row) => row % 3),
      'int32',
    );
    const ys = tf.oneHot(labels, 3).toFloat() as tf.Tensor2D;
    const centres = tf.tensor2d([
      [1, 0, 0, 1],
      [0, 1, 1, 0],
      [-1, -1, 1, 1],
    ]);
    const noise = tf.randomNormal<tf.Rank.R2>([rows, 4], 0, 0.7, 'float32', seed);
    return { xs: tf.add<tf.Tensor2D>(tf.matMul(ys, centres), noise), ys };
  });
}

/** All tensors of an async iterable, in order. */
export async function collect(tensors: AsyncIterable<NamedTensor>): Promise<NamedTensor[]> {
  const all: NamedTensor[] = [];
  for await (const tensor of tensors) all.push(tensor);
  return all;
}

/** The model's weights as plain numbers. */
export function weightValues(model: tf.LayersModel): number[][] {
  return model.getWeights().map((weight) => [...weight.dataSync()]);
}

/** A callback that writes down its hooks and where it was. */
export function recorder(): { callback: TrainingCallback; lines: string[] } {
  const lines: string[] = [];
  const callback: TrainingCallback = {
    name: 'recorder',
    onTrainBegin: (at) => void lines.push(`begin ${at.step}/${at.totalSteps}`),
    onStepBegin: (at) => void lines.push(`step ${at.step}`),
    onStepEnd: (at) => void lines.push(`made ${at.step}`),
    onEpochEnd: (at) => void lines.push(`epoch ${at.epoch} after ${at.step}`),
    onTrainEnd: (at) =>
      void lines.push(
        `end ${at.step}/${at.totalSteps}${at.outcome === 'finished' ? '' : ` ${at.outcome}`}`,
      ),
  };
  return { callback, lines };
}

/** For `fit`; tfjs types the numbers as an enum that it does not export. */
export const silent = { verbose: 0 } as unknown as {
  readonly verbose: NonNullable<tf.ModelFitArgs['verbose']>;
};

/** `model.fitDataset`, silent. What tf.data makes and what tfjs-layers takes are two types of the same name. */
export function fitDataset(
  model: tf.LayersModel,
  dataset: unknown,
  args: Readonly<Record<string, unknown>>,
): Promise<unknown> {
  const untyped = model as unknown as { fitDataset(data: unknown, args: object): Promise<unknown> };
  return untyped.fitDataset(dataset, { verbose: 0, ...args });
}
