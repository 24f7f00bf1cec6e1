import { defaultDevice, init } from '@jax-js/jax';
import { beforeAll, expect, it } from 'vitest';
import './jax-trainer.test.ts';

beforeAll(async () => {
  await init('webgpu');
  defaultDevice('webgpu');
});

it('computes on WebGPU', () => {
  expect(defaultDevice()).toBe('webgpu');
});
