import { describe, expect, it } from 'vitest';
import { exampleManifest } from '../test/example.ts';
import { parseManifest, toManifestJson, type BundleManifest } from './index.ts';

const files = { 'ensemble.onnx': { bytes: 3, sha256: 'a'.repeat(64) } };
const manifest: BundleManifest = { schemaVersion: '1.0', ...exampleManifest(), files };
const policy = manifest.policy['probs']!;
const withPolicy = (change: object): object => ({
  ...manifest,
  policy: { probs: { ...policy, ...change } },
});
const withInput = (change: object): object => ({
  ...manifest,
  inputs: [{ ...manifest.inputs[0], ...change }],
});
const withOutput = (change: object): object => ({
  ...manifest,
  outputs: [manifest.outputs[0], { ...manifest.outputs[1], ...change }],
});
const sum = { name: 'sum', dtype: 'float32', shape: [null, 3] };
const withoutGraph = Object.fromEntries(
  Object.entries(manifest).filter(([key]) => key !== 'graph'),
);
const staged = (stages: readonly object[]): object => ({
  ...withoutGraph,
  form: 'staged',
  stages: stages.map((stage, index) => ({ file: `stages/${index}.onnx`, ...stage })),
});
const pixels = { layout: 'nhwc', scale: 1, mean: [0], deviation: [1] };

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
      'a second batch',
      { ...manifest, inputs: [{ ...manifest.inputs[0], shape: [null, null] }] },
      /null \(the batch\) first/,
    ],
    [
      'a scalar output',
      { ...manifest, outputs: [{ ...manifest.outputs[0], shape: [null] }], labels: {} },
      /rank 1, must be at least 2/,
    ],
    ['a key that nobody knows', { ...manifest, grph: 'x' }, /grph/],
    [
      'a key that nobody knows, deep inside',
      withPolicy({ temprature: 2 }),
      /policy.probs.temprature/,
    ],
    ['a version that is a number', { ...manifest, schemaVersion: 1 }, /schemaVersion/],
    ['a version without minor', { ...manifest, schemaVersion: '1' }, /major.minor/],
    ['infinity in a weight', withPolicy({ weights: [Infinity, 0] }), /weights.0/],
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
    [
      'a graph of 0 bytes',
      { ...manifest, files: { 'ensemble.onnx': { ...files['ensemble.onnx'], bytes: 0 } } },
      /0 bytes, which is impossible/,
    ],
    [
      'a file larger than any disk',
      { ...manifest, files: { 'ensemble.onnx': { ...files['ensemble.onnx'], bytes: 2 ** 52 } } },
      /files.ensemble.onnx.bytes/,
    ],
    ['opset 0', { ...manifest, opset: 0 }, /opset/],
    [
      'two files of one name on a disk that ignores case',
      { ...manifest, files: { ...files, A: files['ensemble.onnx'], a: files['ensemble.onnx'] } },
      /"A" and "a" are one file/,
    ],
    [
      'a file named as a device',
      { ...manifest, files: { ...files, 'nul.txt': files['ensemble.onnx'] } },
      /device on Windows/,
    ],
    [
      'members of another number than the graph gives',
      withOutput({ role: 'members', shape: [null, 3, 3] }),
      /has shape \[, 2, 3\], not \[, 3, 3\]/,
    ],
    [
      'a statistic of another shape',
      withOutput({ shape: [null, 3] }),
      /has shape \[, 1\], not \[, 3\]/,
    ],
    [
      'probabilities as whole numbers',
      { ...manifest, outputs: [{ ...manifest.outputs[0], dtype: 'int32' }] },
      /cannot be int32/,
    ],
    [
      'one class',
      { ...manifest, labels: {}, outputs: [{ ...manifest.outputs[0], shape: [null, 1] }] },
      /needs 2 classes or more, it has 1/,
    ],
    [
      'a binary output of three',
      withPolicy({ kind: 'binary' }),
      /"binary" needs 1 value a row, it has 3/,
    ],
    ['energy of probabilities', withOutput({ role: 'energy' }), /needs kind "logits"/],
    [
      'a set without conformal',
      withOutput({ role: 'conformal_set', dtype: 'bool', shape: [null, 3] }),
      /needs a conformal method/,
    ],
    [
      'conformal without a set',
      withPolicy({ conformal: { method: 'split', alpha: 0.1, threshold: 1 } }),
      /no output has role "conformal_set"/,
    ],
    [
      'abstain without an output',
      withPolicy({ abstain: { score: 'entropy', threshold: 1, share: 0 } }),
      /no output has role "abstain"/,
    ],
    [
      'energy as a reason to abstain',
      withPolicy({ abstain: { score: 'energy', threshold: 1, share: 0 } }),
      /"energy" needs kind "logits"/,
    ],
    [
      'intervals of classes',
      withPolicy({ conformal: { method: 'absolute', alpha: 0.1, threshold: 1 } }),
      /"absolute" does not fit/,
    ],
    [
      'too few thresholds of classes',
      withPolicy({ conformal: { method: 'aps', alpha: 0.1, threshold: 1, classThresholds: [1] } }),
      /1 entries for 3 classes/,
    ],
    [
      'a cascade that nothing can run',
      withPolicy({ cascade: { order: [1, 0], thresholds: [0.9] } }),
      /a cascade needs form "staged"/,
    ],
    ['a fused form without graph', withoutGraph, /form "fused" needs a graph/],
    [
      'stages of a fused form',
      { ...manifest, stages: [{ file: 'ensemble.onnx', members: [0, 1], state: [] }] },
      /form "fused" has stages/,
    ],
    ['a staged form without stages', { ...manifest, form: 'staged' }, /"staged" needs stages/],
    [
      'a stage without state',
      staged([
        { members: [0], state: [] },
        { members: [1], state: [] },
      ]),
      /stages.1.state: it is empty/,
    ],
    [
      'a member in two stages',
      staged([
        { members: [0], state: [] },
        { members: [0], state: [sum] },
      ]),
      /must be distinct and below 2/,
    ],
    [
      'a first stage with state',
      staged([{ members: [0, 1], state: [sum] }]),
      /the first stage has nothing to go on from/,
    ],
    [
      'a separate form without files',
      { ...manifest, form: 'separate' },
      /"separate" needs a file of every member/,
    ],
    [
      'preprocessing of nothing',
      { ...manifest, preprocess: { x: pixels } },
      /preprocess.x: there is no such input/,
    ],
    [
      'a mean for other channels',
      { ...manifest, preprocess: { image: { ...pixels, mean: [1, 2] } } },
      /2 numbers for 1 channels/,
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
