import type { TensorInfo } from '@tensorflow/tfjs-core';
import { isRecording } from '../gradients.ts';
import type { Kernel } from '../kernel.ts';

/** A fused kernel that notes its attributes while gradients are taken: TensorFlow.js records fused operations without them. */
export function noted<Inputs, Attributes extends object>(
  kernel: Kernel<Inputs, Attributes, TensorInfo>,
): Kernel<Inputs, Attributes, TensorInfo> {
  return (call) => {
    const output = kernel(call);
    if (isRecording(call.tf)) call.notes.set(output.dataId, call.attributes);
    return output;
  };
}
