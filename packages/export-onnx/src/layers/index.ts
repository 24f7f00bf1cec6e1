import { advancedActivations, type AdvancedActivationClass } from './advanced-activations.ts';
import { convolutional, type ConvolutionalClass } from './convolution.ts';
import { core, type CoreClass } from './core.ts';
import { embeddings, type EmbeddingClass } from './embedding.ts';
import { anyLayout, type LayerConverter, type LayerConverters } from './layer.ts';
import { merge, type MergeClass } from './merge.ts';
import { normalization, type NormalizationClass } from './normalization.ts';
import { padding, type PaddingClass } from './padding.ts';
import { pooling, type PoolingClass } from './pooling.ts';
import { preprocessing, type PreprocessingClass } from './preprocessing.ts';
import { recurrent, type RecurrentClass } from './recurrent/layers.ts';
import { wrappers, type WrapperClass } from './wrappers.ts';

/** Keras class names that this package converts. */
export type LayerClassName =
  | AdvancedActivationClass
  | ConvolutionalClass
  | CoreClass
  | EmbeddingClass
  | MergeClass
  | NormalizationClass
  | PaddingClass
  | PoolingClass
  | PreprocessingClass
  | RecurrentClass
  | WrapperClass;

/** Converter families, named as in tfjs-layers; no class is in two. */
export const families: Readonly<Record<string, LayerConverters>> = {
  core: core,
  convolutional: convolutional,
  pooling: pooling,
  normalization: normalization,
  merge: merge,
  'advanced activations': advancedActivations,
  padding: padding,
  embeddings: embeddings,
  recurrent: recurrent,
  wrappers: wrappers,
  preprocessing: preprocessing,
};

const all: Readonly<Record<LayerClassName, LayerConverter>> = {
  ...core,
  ...convolutional,
  ...pooling,
  ...normalization,
  ...merge,
  ...advancedActivations,
  ...padding,
  ...embeddings,
  ...recurrent,
  ...wrappers,
  ...preprocessing,
};

/** The converters of this package. Add your own: `exportOnnx(artifacts, { converters: { ...layerConverters, Mine } })`. */
export const layerConverters: Readonly<Record<LayerClassName, LayerConverter>> = Object.fromEntries(
  Object.entries(all).map(([className, converter]) => [className, anyLayout(converter)]),
) as Record<LayerClassName, LayerConverter>;
