import type { BundleManifest } from '../src/index.ts';

type Fields = Omit<BundleManifest, 'schemaVersion' | 'files'>;

const shape = [null, 3];

/** A manifest of two members and one output; override what a test is about. */
export function exampleManifest(change: Partial<Fields> = {}): Fields {
  return {
    name: 'digits',
    inputs: [{ name: 'image', dtype: 'float32', shape: [null, 28, 28, 1] }],
    outputs: [
      { name: 'probs', dtype: 'float32', shape, role: 'prediction', of: 'probs' },
      {
        name: 'probs.mutual_information',
        dtype: 'float32',
        shape: [null, 1],
        role: 'mutual_information',
        of: 'probs',
      },
    ],
    labels: { probs: ['a', 'b', 'c'] },
    policy: {
      probs: {
        kind: 'probabilities',
        members: [0, 1],
        combine: 'meanProbabilities',
        weights: [0.5, 0.5],
        temperature: 1,
      },
    },
    members: [
      { id: 'm0', cycle: 0, step: 10, metrics: {} },
      { id: 'm1', cycle: 1, step: 20, metrics: { val_loss: 0.1 } },
    ],
    form: 'fused',
    precision: 'float32',
    graph: 'ensemble.onnx',
    opset: 17,
    provenance: { run: 'r1' },
    ...change,
  };
}
