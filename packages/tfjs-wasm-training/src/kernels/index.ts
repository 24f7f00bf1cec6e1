import type { Kernel } from '../kernel.ts';
import { conv2DBackpropFilter, conv2DBackpropInput } from './convolution.ts';
import { maxPoolGrad } from './pooling.ts';

/** Every kernel that `registerTrainingKernels` registers, by its TensorFlow.js name. */
export const kernels: Readonly<Record<string, Kernel>> = {
  Conv2DBackpropFilter: conv2DBackpropFilter,
  Conv2DBackpropInput: conv2DBackpropInput,
  MaxPoolGrad: maxPoolGrad,
};
