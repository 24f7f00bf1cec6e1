import type * as tfjs from '@tensorflow/tfjs';

/**
 * The part of the tfjs module that is used, so that `@tensorflow/tfjs`, `tfjs-node`, `tfjs-node-gpu` and core + layers
 * all fit. The module is passed in: a second copy of tfjs in the tree does no harm.
 */
export type Tf = Pick<
  typeof tfjs,
  | 'add'
  | 'Callback'
  | 'loadLayersModel'
  | 'nextFrame'
  | 'randomNormal'
  | 'tensor'
  | 'tidy'
  | 'dispose'
>;
export type LayersModel = tfjs.LayersModel;
export type Optimizer = tfjs.Optimizer;
export type Tensor = tfjs.Tensor;
export type TfjsCallback = tfjs.Callback;
/** A live weight: assigning swaps its buffer, so that clones made before keep the old values. */
export type Variable = Tensor & { assign(value: Tensor): void };
/** What a model takes: one tensor, or one per input. */
export type Inputs = Tensor | Tensor[];
