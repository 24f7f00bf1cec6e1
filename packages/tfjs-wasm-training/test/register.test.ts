import { expect, it } from 'vitest';
import { registerTrainingKernels, TrainingKernelsError } from '../src/index.ts';
import { tf, wasm } from './backends.ts';

const kernelFunctions = (): unknown[] =>
  tf
    .getKernelsForBackend('wasm')
    .map(({ kernelName, kernelFunc }) => [kernelName, kernelFunc] as const)
    .sort(([a], [b]) => (a < b ? -1 : 1));

it('registers once: a second call changes no kernel and no gradient', () => {
  const before = kernelFunctions();
  registerTrainingKernels(tf, wasm);
  const once = kernelFunctions();
  const gradient = tf.getGradient('Conv2D');
  registerTrainingKernels(tf, wasm);
  expect(once).not.toEqual(before);
  expect(kernelFunctions()).toEqual(once);
  expect(tf.getGradient('Conv2D')).toBe(gradient);
});

it('leaves the kernels of other backends alone', () => {
  const cpu = tf.getKernelsForBackend('cpu').map(({ kernelFunc }) => kernelFunc);
  registerTrainingKernels(tf, wasm);
  expect(tf.getKernelsForBackend('cpu').map(({ kernelFunc }) => kernelFunc)).toEqual(cpu);
});

it.each([
  ['@tensorflow/tfjs-core', { ...tf, version_core: '5.0.0' }, wasm],
  ['@tensorflow/tfjs-backend-wasm', tf, { version_wasm: '4.10.0' }],
])('refuses another %s', (name, core, backend) => {
  const register = (): void => {
    registerTrainingKernels(core, backend);
  };
  expect(register).toThrow(TrainingKernelsError);
  expect(register).toThrow(expect.objectContaining({ code: 'version' }));
  expect(register).toThrow(`Install ${name}@4.22`);
});
