import { describe, expect, it } from 'vitest';
import { exampleManifest } from '../test/example.ts';
import { parseManifest, type BundleManifest } from './index.ts';

const files = { 'ensemble.onnx': { bytes: 3, sha256: 'a'.repeat(64) } };
const manifest: BundleManifest = { schemaVersion: 1, ...exampleManifest(), files };
const policy = manifest.policy['probs']!;
const withPolicy = (change: object): object => ({
  ...manifest,
  policy: { probs: { ...policy, ...change } },
});

describe('parseManifest', () => {
  it('returns a valid manifest as it is', () => {
    expect(parseManifest(JSON.parse(JSON.stringify(manifest)))).toEqual(manifest);
  });

  it('names a format from the future', () => {
    expect(() =>
      parseManifest({ ...manifest, schemaVersion: 2 }),
    ).toThrowErrorMatchingInlineSnapshot(
      `[BundleError: ensemble.json has schemaVersion 2; this version reads schemaVersion 1. Update @snapshot-ensemble packages, or export the bundle again.]`,
    );
  });

  it('lists every contradiction', () => {
    const wrong = { ...manifest, graph: '../x.onnx', labels: { probs: ['a'] } };
    expect(() => parseManifest(wrong)).toThrowErrorMatchingInlineSnapshot(`
      [BundleError: ensemble.json is not a valid manifest; export the bundle again or correct:
      - labels.probs: 1 names for 3 classes
      - files: "../x.onnx" is named but not listed]
    `);
  });

  it.each<[string, object, RegExp]>([
    ['no object', [], /invalid|Invalid/],
    ['a missing field', { ...manifest, members: undefined }, /members/],
    [
      'a bad checksum',
      { ...manifest, files: { 'ensemble.onnx': { bytes: 3, sha256: 'A' } } },
      /64 lower-case/,
    ],
    [
      'a path that climbs out',
      { ...manifest, files: { ...files, '../x': files['ensemble.onnx'] } },
      /"\.\.\/x" is not allowed/,
    ],
    [
      'itself as a file',
      { ...manifest, files: { ...files, 'ensemble.json': files['ensemble.onnx'] } },
      /"ensemble.json" is not allowed/,
    ],
    [
      'a graph that is not listed',
      { ...manifest, graph: 'other.onnx' },
      /"other.onnx" is named but not listed/,
    ],
    ['a member index too high', withPolicy({ members: [0, 2] }), /distinct and below 2/],
    ['a member taken twice', withPolicy({ members: [1, 1] }), /distinct and below 2/],
    ['weights that sum to 2', withPolicy({ weights: [1, 1] }), /sum to 2/],
    ['too few weights', withPolicy({ weights: [1] }), /1 weights for 2 members/],
    ['temperature 0', withPolicy({ temperature: 0 }), /temperature/],
    [
      'a rule of the other kind',
      withPolicy({ combine: 'mean' }),
      /"mean" does not fit kind "probabilities"/,
    ],
    [
      'a cascade that skips a member',
      withPolicy({ cascade: { order: [0, 0], thresholds: [0.9] } }),
      /each of 0 … 1 once/,
    ],
    [
      'a cascade without thresholds',
      withPolicy({ cascade: { order: [1, 0], thresholds: [] } }),
      /must be 1 numbers/,
    ],
    ['alpha 1', withPolicy({ conformal: { method: 'split', alpha: 1, threshold: 1 } }), /alpha/],
    ['an output without policy', { ...manifest, policy: {} }, /output "probs" has none/],
    [
      'a policy for nothing',
      { ...manifest, policy: { ...manifest.policy, other: policy } },
      /policy.other/,
    ],
    [
      'a statistic of nothing',
      { ...manifest, outputs: [{ ...manifest.outputs[1], of: 'x' }, manifest.outputs[0]] },
      /"of" is "x"/,
    ],
    [
      'an inexact shape',
      { ...manifest, inputs: [{ ...manifest.inputs[0], shape: [null, null] }] },
      /exact after/,
    ],
    [
      'a scalar output',
      { ...manifest, outputs: [{ ...manifest.outputs[0], shape: [null] }], labels: {} },
      /rank 1, must be at least 2/,
    ],
    [
      'two inputs of one name',
      { ...manifest, inputs: [manifest.inputs[0], manifest.inputs[0]] },
      /occurs twice/,
    ],
    [
      'two members of one id',
      { ...manifest, members: [manifest.members[0], manifest.members[0]] },
      /"m0" occurs twice/,
    ],
  ])('refuses %s', (_, json, message) => {
    expect(() => parseManifest(json)).toThrow(
      expect.objectContaining({
        code: 'invalid-manifest',
        message: expect.stringMatching(message),
      }),
    );
  });
});
