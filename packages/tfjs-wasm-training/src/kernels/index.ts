import type { Kernels } from '../kernel.ts';
import { batchNorm } from './batch-norm.ts';
import { convolution2d } from './convolution.ts';
import { convolution3d } from './convolution-3d.ts';
import { copies } from './copies.ts';
import { depthwise } from './depthwise.ts';
import { dilations } from './dilation.ts';
import { elementwise } from './elementwise.ts';
import { gathering } from './gather.ts';
import { matrices } from './matmul.ts';
import { pooling } from './pooling.ts';
import { resizing } from './resizing.ts';
import { samePadding } from './same-padding.ts';
import { sums } from './sums.ts';

/** Every kernel that `registerTrainingKernels` registers, by its TensorFlow.js name; names with `Training` are only run by our gradients. */
export const kernels: Kernels = {
  ...batchNorm,
  ...convolution2d,
  ...convolution3d,
  ...copies,
  ...depthwise,
  ...dilations,
  ...elementwise,
  ...gathering,
  ...matrices,
  ...pooling,
  ...resizing,
  ...samePadding,
  ...sums,
};
