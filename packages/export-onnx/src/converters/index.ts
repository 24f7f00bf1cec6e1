import { advancedActivations } from './advanced-activations.ts';
import { convolutional } from './convolutional.ts';
import { core } from './core.ts';
import { merge } from './merge.ts';
import { normalization } from './normalization.ts';
import { pooling } from './pooling.ts';
import type { LayerConverters } from './types.ts';

/** Converter families, named as in tfjs-layers; no class is in two. */
export const families: Readonly<Record<string, LayerConverters>> = {
  core,
  convolutional,
  pooling,
  normalization,
  merge,
  advancedActivations,
};

/** The converters of this package. Add your own: `exportOnnx(artifacts, { converters: { ...layerConverters, Mine } })`. */
export const layerConverters: LayerConverters = {
  ...core,
  ...convolutional,
  ...pooling,
  ...normalization,
  ...merge,
  ...advancedActivations,
};
