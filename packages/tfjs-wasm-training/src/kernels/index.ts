import type { Kernels } from '../kernel.ts';
import { convolution2d } from './convolution.ts';
import { convolution3d } from './convolution-3d.ts';
import { depthwise } from './depthwise.ts';
import { dilations } from './dilation.ts';
import { gathering } from './gather.ts';
import { pooling } from './pooling.ts';
import { resizing } from './resizing.ts';
import { samePadding } from './same-padding.ts';
import { sums } from './sums.ts';

/** Every kernel that `registerTrainingKernels` registers, by its TensorFlow.js name. */
export const kernels: Kernels = {
  ...convolution2d,
  ...convolution3d,
  ...depthwise,
  ...dilations,
  ...gathering,
  ...pooling,
  ...resizing,
  ...samePadding,
  ...sums,
};
