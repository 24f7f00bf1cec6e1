import type { EnsemblePolicy } from '@snapshot-ensemble/ensemble-math';

import type { LayersModel } from './tf.ts';

/** What each output of a model is: `probabilities` where its layer ends in a softmax, else `regression`. */
export function outputKinds(model: LayersModel): readonly EnsemblePolicy['kind'][] {
  return model.outputs.map(({ sourceLayer }) =>
    endsInSoftmax(sourceLayer) ? 'probabilities' : 'regression',
  );
}

interface LayerLike {
  getClassName(): string;
  getConfig(): Readonly<Record<string, unknown>>;
  /** Of a model used as a layer. */
  readonly outputs?: readonly { readonly sourceLayer: LayerLike }[];
  /** Of a wrapper such as TimeDistributed. */
  readonly layer?: LayerLike;
}

function endsInSoftmax(layer: LayerLike): boolean {
  const inner = layer.layer ?? layer.outputs?.[0]?.sourceLayer;
  if (inner) return endsInSoftmax(inner);
  return layer.getClassName() === 'Softmax' || layer.getConfig()['activation'] === 'softmax';
}
