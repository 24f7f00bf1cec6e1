import { TfjsAdapterError } from './errors.ts';
import type { Inputs, LayersModel, Tf } from './tf.ts';

/** Batches of the model's inputs alone; the caller of the function disposes of what it yields. */
export type InputBatches = () => Iterable<Inputs> | AsyncIterable<Inputs>;

interface AnyLayer {
  readonly layers?: readonly AnyLayer[];
  readonly layer?: AnyLayer;
  getClassName(): string;
}
interface BatchNormLayer extends AnyLayer {
  momentum: number;
}

/**
 * Recomputes moving means and variances as averages over the batches, weighted by rows: statistics of one weight
 * vector do not fit the average of several. Izmailov et al. 2018, section 3.2.
 */
export async function refreshBatchNorm(
  tf: Tf,
  model: LayersModel,
  batches: InputBatches | undefined,
): Promise<void> {
  const layers = [...batchNormLayers(model)];
  if (layers.length === 0) return;
  if (batches === undefined) {
    throw new TfjsAdapterError(
      'batch-norm-data',
      `The model has batch normalization (layers: ${layers.length}), whose statistics must be recomputed after weights were ` +
        'averaged, and there is no data to do it with. Pass the option batchNormData: () => batches of training inputs.',
    );
  }
  const momenta = layers.map(({ momentum }) => momentum);
  try {
    let seen = 0;
    for await (const batch of batches()) {
      const rows = (Array.isArray(batch) ? batch[0]! : batch).shape[0];
      // moving ← moving · m + batch · (1 − m) is the mean over all rows so far when m = seen / (seen + rows).
      for (const layer of layers) layer.momentum = seen / (seen + rows);
      tf.tidy(() => {
        model.apply(batch, { training: true });
      });
      seen += rows;
    }
  } finally {
    layers.forEach((layer, index) => {
      layer.momentum = momenta[index]!;
    });
  }
}

function* batchNormLayers(layer: AnyLayer): Generator<BatchNormLayer> {
  if (layer.getClassName() === 'BatchNormalization') yield layer as BatchNormLayer;
  if (layer.layer) yield* batchNormLayers(layer.layer);
  for (const inner of layer.layers ?? []) yield* batchNormLayers(inner);
}
