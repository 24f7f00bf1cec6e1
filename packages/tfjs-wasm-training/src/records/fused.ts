import type { Tensor } from '@tensorflow/tfjs-core';
import { runKernel, sumTo } from '../gradients.ts';
import type { ForwardAttributes } from '../geometry.ts';
import type { KernelNotes, TensorFlow } from '../kernel.ts';
import type { Rewrite } from './engine.ts';

/*
 * The fused operations of TensorFlow.js bring gradients of their own, which compute that of every input, wanted or not (a network's first
 * layer needs none of its images), and refuse dilation. Inside of a gradient function only linear ones are fused.
 */

const asShapeOf = (tf: TensorFlow, dy: Tensor, y: Tensor): Tensor =>
  dy.rank === y.rank ? dy : tf.reshape(dy, y.shape);

/** Of x, filter and, if there is one, bias. */
export function ofConvolution(tf: TensorFlow, notes: KernelNotes): Rewrite {
  return ({ inputs, output }) => {
    const call = notes.get(output.dataId) as ForwardAttributes | undefined;
    if (call === undefined || call.dataFormat === 'NCHW' || inputs[1] === undefined)
      return undefined;
    const { strides, pad, dataFormat, dilations, dimRoundingMode } = call;
    const attributes = { strides, pad, dataFormat, dilations: dilations ?? 1, dimRoundingMode };
    return {
      inputs,
      gradient: (dyOfAnyRank, [filter, x, y, bias]) => {
        const dy = asShapeOf(tf, dyOfAnyRank, y!);
        const ofX = { ...attributes, inputShape: x!.shape };
        const ofFilter = { ...attributes, filterShape: filter!.shape };
        return {
          0: () => runKernel(tf, 'Conv2DBackpropInput', { dy, filter }, ofX),
          1: () => runKernel(tf, 'Conv2DBackpropFilter', { x, dy }, ofFilter),
          2: () => sumTo(tf, dy, bias!.shape),
        };
      },
    };
  };
}

interface ProductAttributes {
  readonly transposeA: boolean;
  readonly transposeB: boolean;
}

/** Of a and b, both [batch, …, …], and, if there is one, bias. */
export function ofProduct(tf: TensorFlow, notes: KernelNotes): Rewrite {
  const product = (a: Tensor, b: Tensor, transposeA: boolean, transposeB: boolean): Tensor =>
    runKernel(tf, 'BatchMatMul', { a, b }, { transposeA, transposeB });
  return ({ inputs, output }) => {
    const call = notes.get(output.dataId) as ProductAttributes | undefined;
    if (call === undefined || inputs[1] === undefined) return undefined;
    // Where only one side has a batch, its sum over the batch would be missing.
    if (inputs[0]?.shape[0] !== inputs[1].shape[0]) return undefined;
    const { transposeA: turnA, transposeB: turnB } = call;
    return {
      inputs,
      gradient: (dyOfAnyRank, [a, b, y, bias]) => {
        const dy = asShapeOf(tf, dyOfAnyRank, y!);
        return {
          0: () => (turnA ? product(b!, dy, turnB, true) : product(dy, b!, false, !turnB)),
          1: () => (turnB ? product(dy, a!, true, turnA) : product(a!, dy, !turnA, false)),
          2: () => sumTo(tf, dy, bias!.shape),
        };
      },
    };
  };
}
