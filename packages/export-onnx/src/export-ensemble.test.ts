import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { memoryBundle, readBundle } from '@snapshot-ensemble/ensemble-bundle';
import type { EnsemblePolicy } from '@snapshot-ensemble/ensemble-math';
import { memoryBlobs, type BlobStore } from '@snapshot-ensemble/snapshot-core';
import { fileBlobs } from '@snapshot-ensemble/snapshot-core/node';
import * as ort from 'onnxruntime-node';
import { beforeAll, describe, expect, it } from 'vitest';
import { storeOf } from '../test/bundles.ts';
import { exportEnsemble } from '../test/checked-export.ts';
import { ensembleAnswers, ensembleInputs, membersFor, policies } from '../test/ensembles.ts';
import { artifactsOf, type tf } from '../test/tfjs.ts';
import { checkParity, type ExportEnsembleOptions } from './index.ts';

const kinds = ['probabilities', 'logits', 'regression', 'binary', 'multi-label'] as const;
type Kind = (typeof kinds)[number];
const models = new Map<Kind, readonly tf.Sequential[]>();

beforeAll(() => {
  for (const kind of kinds) models.set(kind, membersFor(kind));
});

async function bundleOf(
  kind: Kind,
  options: ExportEnsembleOptions,
): Promise<ReturnType<typeof memoryBundle>> {
  const bundle = memoryBundle();
  await exportEnsemble(await Promise.all(models.get(kind)!.map(artifactsOf)), bundle, options);
  return bundle;
}

const weights = [0.4, 0.1, 0.3, 0.2];
const all = [0, 1, 2, 3];

describe('exportEnsemble', () => {
  it.each(policies)('computes what ensemble-math does: %j', async (policy) => {
    for (const form of ['fused', 'stacked'] as const) {
      const bundle = await bundleOf(policy.kind, { policy, form });
      const { manifest } = await readBundle(bundle);
      const results = await checkParity({
        bytes: bundle.files.get('ensemble.onnx')!,
        ort,
        inputs: [ensembleInputs(1), ensembleInputs(5)],
        predict: (given) => ensembleAnswers(models.get(policy.kind)!, manifest, given),
        absolute: 1e-5,
        relative: 1e-5,
      });
      expect(results.map(({ output }) => output)).toEqual(manifest.outputs.map(({ name }) => name));
      expect(results.filter(({ isClose }) => !isClose)).toEqual([]);
    }
  });

  it('describes the graph in a manifest that reads back', async () => {
    const policy: EnsemblePolicy = {
      kind: 'probabilities',
      combine: 'meanProbabilities',
      members: all,
      weights,
      temperature: 1,
    };
    const bundle = await bundleOf('probabilities', {
      policy,
      name: 'small',
      labels: { probs: ['a', 'b', 'c'] },
      statistics: ['mutual_information'],
    });
    const { manifest } = await readBundle(bundle);
    expect(manifest).toMatchObject({
      name: 'small',
      inputs: [{ name: 'conv_input', dtype: 'float32', shape: [null, 6, 6, 2] }],
      outputs: [
        { name: 'probs', shape: [null, 3], role: 'prediction', of: 'probs' },
        {
          name: 'probs.mutual_information',
          shape: [null, 1],
          role: 'mutual_information',
          of: 'probs',
        },
      ],
      policy: { probs: policy },
      opset: 17,
    });
    const session = await ort.InferenceSession.create(bundle.files.get('ensemble.onnx')!);
    expect(session.inputNames).toEqual(manifest.inputs.map(({ name }) => name));
    expect(session.outputNames).toEqual(manifest.outputs.map(({ name }) => name));
  });

  it('stores and computes once what members share', async () => {
    const [first] = models.get('probabilities')!;
    const artifacts = await artifactsOf(first!);
    const options: ExportEnsembleOptions = {
      policy: {
        kind: 'probabilities',
        combine: 'meanProbabilities',
        members: [0, 1],
        weights: [0.5, 0.5],
        temperature: 1,
      },
      statistics: [],
    };
    const [one, two] = [memoryBundle(), memoryBundle()];
    const single = {
      ...options,
      policy: { ...options.policy, members: [0], weights: [1] },
    } as ExportEnsembleOptions;
    await exportEnsemble([artifacts], one, single);
    await exportEnsemble([artifacts, artifacts], two, options);
    const sizes = [one, two].map(({ files }) => files.get('ensemble.onnx')!.length);
    expect(sizes[1]! - sizes[0]!).toBeLessThan(500);
  });

  it.each<[string, () => Promise<BlobStore>]>([
    ['memory', () => Promise.resolve(memoryBlobs())],
    ['files', async () => fileBlobs(await mkdtemp(join(tmpdir(), 'export-onnx-')))],
  ])('takes a snapshot store in %s, members by their ids', async (_, blobs) => {
    const [first, ...others] = await Promise.all(models.get('probabilities')!.map(artifactsOf));
    // A run has one topology.
    const { modelTopology } = first!;
    const members = [first!, ...others.map((member) => ({ ...member, modelTopology }))];
    const store = await storeOf(members, await blobs());
    const [policy] = policies;
    const [fromStore, fromArtifacts] = [memoryBundle(), memoryBundle()];
    const { manifest } = await exportEnsemble(store, fromStore, { policy: policy! });
    await exportEnsemble(members, fromArtifacts, { policy: policy! });
    const saved = (await store.readManifest())!.members;
    expect(manifest.members.map(({ id, cycle, step }) => [id, cycle, step])).toEqual(
      saved.map(({ id, cycle, step }) => [id, cycle, step]),
    );
    expect(fromStore.files.get('ensemble.onnx')).toEqual(fromArtifacts.files.get('ensemble.onnx'));
    const [answer] = await checkParity({
      bytes: fromStore.files.get('ensemble.onnx')!,
      ort,
      inputs: [ensembleInputs(2)],
      predict: (given) => ensembleAnswers(models.get('probabilities')!, manifest, given),
    });
    expect(answer).toMatchObject({ output: 'probs', isClose: true, isArgmaxEqual: true });
  });

  it.each<[string, Partial<EnsemblePolicy>]>([
    ['names member 7', { members: [0, 7], weights: [0.5, 0.5] }],
    ['weights for', { weights: [1] }],
  ])('refuses a policy that %s', async (message, change) => {
    const policy: EnsemblePolicy = {
      kind: 'probabilities',
      combine: 'meanProbabilities',
      members: all,
      weights,
      temperature: 1,
      ...change,
    };
    await expect(bundleOf('probabilities', { policy })).rejects.toMatchObject({
      code: 'invalid-policy',
      message: expect.stringContaining(message),
    });
  });
});
