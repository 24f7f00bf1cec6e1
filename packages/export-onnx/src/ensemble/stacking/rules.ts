import { alongAxis, reduceOf, reshape, transpose } from './axes.ts';
import { batchNormalization, conv, pad, perChannel } from './channels.ts';
import { binary, elementwise } from './elementwise.ts';
import { gemm, matMul } from './matrices.ts';
import type { StackingRule } from './step.ts';

const entries = (rule: StackingRule, ...names: readonly string[]): [string, StackingRule][] =>
  names.map((name) => [name, rule]);

/** Operators that work on all members at once, and how. */
export const stackingRules: ReadonlyMap<string, StackingRule> = new Map([
  ...entries(conv, 'Conv'),
  ...entries(batchNormalization, 'BatchNormalization'),
  ...entries(perChannel, 'MaxPool', 'AveragePool', 'GlobalAveragePool', 'GlobalMaxPool'),
  ...entries(
    elementwise,
    ...[
      'Relu',
      'Sigmoid',
      'Tanh',
      'Elu',
      'Selu',
      'LeakyRelu',
      'HardSigmoid',
      'Softplus',
      'Softsign',
    ],
    ...[
      'Clip',
      'Exp',
      'Log',
      'Neg',
      'Abs',
      'Sqrt',
      'Erf',
      'Identity',
      'Cast',
      'ThresholdedRelu',
      'Floor',
    ],
  ),
  ...entries(binary, 'Add', 'Sub', 'Mul', 'Div', 'Max', 'Min', 'Pow', 'PRelu'),
  ...entries(gemm, 'Gemm'),
  ...entries(matMul, 'MatMul'),
  ...entries(reshape, 'Reshape', 'Flatten'),
  ...entries(transpose, 'Transpose'),
  ...entries(alongAxis(-1), 'Softmax', 'LogSoftmax', 'Concat'),
  ...entries(reduceOf, 'ReduceMean', 'ReduceMax', 'ReduceMin', 'ReduceSum'),
  ...entries(pad, 'Pad'),
]);
