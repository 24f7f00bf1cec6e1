import { expect, it } from 'vitest';
import { compareAnswer, type OpenInferenceTensor } from './index.ts';

const output: OpenInferenceTensor = {
  name: 'probs',
  shape: [1, 2],
  datatype: 'FP32',
  data: [0.25, 0.75],
};
const expected = {
  model_name: 'm',
  outputs: [output],
  parameters: { absolute: 1e-3, relative: 0 },
};
const came = (change: Partial<OpenInferenceTensor>) => [{ ...output, ...change }];

it.each<[string, OpenInferenceTensor[], string | undefined]>([
  ['the same', [output], undefined],
  ['close enough', came({ data: [0.2505, 0.7495] }), undefined],
  ['one more output', [output, { ...output, name: 'x' }], undefined],
  ['too far', came({ data: [0.25, 0.76] }), 'element 1 is 0.76 instead of 0.75'],
  ['NaN', came({ data: [NaN, 0.75] }), 'element 0 is NaN instead of 0.25'],
  ['another shape', came({ shape: [2, 1] }), 'shape [2, 1] instead of [1, 2]'],
  ['another datatype', came({ datatype: 'FP16' }), 'FP16 instead of FP32'],
  ['nothing', [], 'missing from the answer'],
])('judges %s', (_, outputs, problem) => {
  expect(compareAnswer(expected, outputs)[0]!.problem).toBe(problem);
});
