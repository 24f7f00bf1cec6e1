import type { GradFunc, Tensor, TensorInfo } from '@tensorflow/tfjs-core';
import type { ForwardAttributes } from '../geometry.ts';
import { runKernel, sumTo } from '../gradients.ts';
import type { Kernel, TensorFlow } from '../kernel.ts';

/** The name under which TensorFlow.js records its fused convolution, which brings a gradient of its own. */
const recordedName = 'fusedConv2d__op';
/** How deep in the engine a kernel is that the fused convolution runs while it is recorded. */
const recordedDepth = 2;

interface Inputs {
  readonly x: TensorInfo;
  readonly filter: TensorInfo;
}

/**
 * The gradient of the fused convolution refuses dilation and cannot be replaced: it is not registered. But a gradient registered under the name
 * of the operation goes before it, so the kernel registers one just before a dilated convolution is recorded, and its first use takes it back.
 */
export function withDilatedGradient<Attributes extends ForwardAttributes>(
  kernel: Kernel<Inputs, Attributes>,
): Kernel<Inputs, Attributes> {
  return (call) => {
    const { tf, attributes } = call;
    const output = kernel(call);
    const { gradientDepth, kernelDepth } = tf.engine().state;
    const isDilated = [attributes.dilations ?? 1].flat().some((dilation) => dilation !== 1);
    if (isDilated && gradientDepth > 0 && kernelDepth === recordedDepth)
      registerOnce(tf, gradientOf(tf, attributes, output));
    return output;
  };
}

function registerOnce(tf: TensorFlow, gradFunc: GradFunc): void {
  if (tf.getGradient(recordedName) !== undefined) tf.unregisterGradient(recordedName);
  tf.registerGradient({
    kernelName: recordedName,
    get gradFunc() {
      tf.unregisterGradient(recordedName);
      return gradFunc;
    },
  });
}

/** Of x, filter and, if there is one, bias; TensorFlow.js has saved the filter, x, the output and the bias. */
function gradientOf(
  tf: TensorFlow,
  { strides, pad, dataFormat, dilations, dimRoundingMode }: ForwardAttributes,
  output: TensorInfo,
): GradFunc {
  const attributes = { strides, pad, dataFormat, dilations, dimRoundingMode };
  return (dys, [filter, x, y, bias]) => {
    if (y?.dataId !== output.dataId)
      throw new Error('The gradient of a dilated convolution was recorded for another operation.');
    const dy = tf.reshape(dys as Tensor, y.shape);
    const [inputShape, filterShape] = [x!.shape, filter!.shape];
    return {
      0: () => runKernel(tf, 'Conv2DBackpropInput', { dy, filter }, { ...attributes, inputShape }),
      1: () => runKernel(tf, 'Conv2DBackpropFilter', { x, dy }, { ...attributes, filterShape }),
      2: () => sumTo(tf, dy, bias!.shape),
    };
  };
}
