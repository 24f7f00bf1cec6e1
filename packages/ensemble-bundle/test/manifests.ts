import { expect } from 'vitest';
import { parseManifest, type BundleManifest } from '../src/index.ts';
import { exampleManifest } from './example.ts';

export const files = { 'ensemble.onnx': { bytes: 3, sha256: 'a'.repeat(64) } };
export const manifest: BundleManifest = { schemaVersion: '1.0', ...exampleManifest(), files };
export const policy = manifest.policy['probs']!;
export const withPolicy = (change: object): object => ({
  ...manifest,
  policy: { probs: { ...policy, ...change } },
});
export const withInput = (change: object): object => ({
  ...manifest,
  inputs: [{ ...manifest.inputs[0], ...change }],
});
export const withOutput = (change: object): object => ({
  ...manifest,
  outputs: [manifest.outputs[0], { ...manifest.outputs[1], ...change }],
});
export const sum = { name: 'sum', dtype: 'float32', shape: [null, 3] };
export const withoutGraph = Object.fromEntries(
  Object.entries(manifest).filter(([key]) => key !== 'graph'),
);
export const staged = (stages: readonly object[]): object => ({
  ...withoutGraph,
  form: 'staged',
  stages: stages.map((stage, index) => ({ file: `stages/${index}.onnx`, ...stage })),
});
export const pixels = { layout: 'nhwc', scale: 1, mean: [0], deviation: [1] };

/** A manifest that is refused, and in which words. */
export function expectRefused(json: unknown, message: RegExp): void {
  expect(() => parseManifest(json)).toThrow(
    expect.objectContaining({
      code: 'invalid-manifest',
      message: expect.stringMatching(message) as string,
    }),
  );
}
