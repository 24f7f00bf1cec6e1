import { describe, expect, it } from 'vitest';
import { expectRefused, manifest, policy, withInput } from '../test/manifests.ts';
import { parseManifest, toManifestJson } from './index.ts';

describe('parseManifest', () => {
  it('returns a valid manifest as it is', () => {
    expect(parseManifest(JSON.parse(JSON.stringify(manifest)))).toEqual(manifest);
  });

  it('names a format from the future, and what to install', () => {
    expect(() =>
      parseManifest({ ...manifest, schemaVersion: '2.0' }),
    ).toThrowErrorMatchingInlineSnapshot(
      `[BundleError: ensemble.json has schemaVersion 2.0; this version of @snapshot-ensemble/ensemble-bundle reads 1.x. Install a newer one: npm install @snapshot-ensemble/ensemble-bundle@latest (and the other @snapshot-ensemble packages with it).]`,
    );
  });

  it('opens a later minor version, without what it adds', () => {
    const policies = { probs: { ...policy, later: 1 } };
    const later = { ...manifest, schemaVersion: '1.7', later: {}, policy: policies };
    expect(parseManifest(later)).toEqual({ ...manifest, schemaVersion: '1.7' });
  });

  it('keeps what others add under extensions', () => {
    const extensions = { 'com.example.audit': { by: ['a', 1, null] } };
    expect(parseManifest({ ...manifest, extensions })).toEqual({ ...manifest, extensions });
  });

  it('reads and writes NaN and infinite numbers by name', () => {
    const odd = {
      ...manifest,
      policy: {
        probs: {
          ...policy,
          conformal: {
            method: 'split' as const,
            alpha: 0.1,
            threshold: Infinity,
            classThresholds: [0.1, Infinity, 1],
          },
          abstain: { score: 'entropy' as const, threshold: -Infinity, share: 0.5 },
        },
      },
      outputs: [
        ...manifest.outputs,
        {
          name: 'set',
          dtype: 'bool' as const,
          shape: [null, 3],
          role: 'conformal_set' as const,
          of: 'probs',
        },
        {
          name: 'abstain',
          dtype: 'bool' as const,
          shape: [null],
          role: 'abstain' as const,
          of: 'probs',
        },
      ],
      members: [
        {
          ...manifest.members[0]!,
          metrics: { loss: NaN, best: -Infinity, worst: Infinity, acc: 0.5 },
        },
        manifest.members[1]!,
      ],
    };
    const json = JSON.parse(JSON.stringify(toManifestJson(odd)));
    expect(json.members[0].metrics).toEqual({
      loss: 'NaN',
      best: '-Infinity',
      worst: 'Infinity',
      acc: 0.5,
    });
    expect(json.policy.probs.conformal.threshold).toBe('Infinity');
    expect(parseManifest(json)).toEqual(odd);
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
      'a second batch',
      { ...manifest, inputs: [{ ...manifest.inputs[0], shape: [null, null] }] },
      /null \(the batch\) first/,
    ],
    ['a key that nobody knows', { ...manifest, grph: 'x' }, /grph/],
    ['a version that is a number', { ...manifest, schemaVersion: 1 }, /schemaVersion/],
    ['a version without minor', { ...manifest, schemaVersion: '1' }, /major.minor/],
    [
      'a word for a metric',
      {
        ...manifest,
        members: [{ ...manifest.members[0], metrics: { loss: 'nan' } }, manifest.members[1]],
      },
      /metrics.loss/,
    ],
    ['a dimension of 0', withInput({ shape: [null, 0] }), /inputs.0.shape.1/],
    ['a dimension beyond every tensor', withInput({ shape: [null, 2 ** 31] }), /inputs.0.shape.1/],
    [
      'a row beyond every memory',
      withInput({ shape: [null, 2 ** 30, 2 ** 30] }),
      /1152921504606847000 elements, which is impossible/,
    ],
    ['a name of a dimension with spaces', withInput({ shape: [null, 'a b'] }), /inputs.0.shape.1/],
    ['opset 0', { ...manifest, opset: 0 }, /opset/],
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
    expectRefused(json, message);
  });
});
