import type { ModelArtifacts } from '@snapshot-ensemble/snapshot-core';
import * as ort from 'onnxruntime-node';
import { describe, expect, it } from 'vitest';
import { architectures, feeds } from '../../test/architectures.ts';
import { exportOnnx } from '../../test/checked-export.ts';
import { nodeCounts } from '../../test/node-counts.ts';
import { loadSaved, readSamples, readSaved, savedModel } from '../../test/saved-models.ts';
import { artifactsOf, predictor, randomizeWeights, type tf } from '../../test/tfjs.ts';
import {
  checkParity,
  parityInputs,
  readOnnx,
  type ExportOptions,
  type ParityResult,
} from '../index.ts';
import { feedsOf } from '../parity/check-parity.ts';

/** Gates of deep models, whose rounding adds up. */
const gate = { absolute: 1e-5, relative: 1e-4 };

async function parity(
  model: tf.LayersModel,
  options: ExportOptions = {},
  change = (artifacts: ModelArtifacts): ModelArtifacts => artifacts,
): Promise<readonly ParityResult[]> {
  const artifacts = await artifactsOf(model);
  const { bytes, inputs, outputs } = exportOnnx(change(artifacts), options);
  return checkParity({
    bytes,
    ort,
    inputs: [...parityInputs(artifacts, inputs), feeds(model, 3)],
    predict: predictor(
      model,
      outputs.map(({ name }) => name),
    ),
    ...gate,
  });
}

const isWithin = ({ isClose, isArgmaxEqual }: ParityResult): boolean => isClose && isArgmaxEqual;

function report(name: string, artifacts: ModelArtifacts, results: readonly ParityResult[]): void {
  const { before, after } = nodeCounts(artifacts);
  const share = Math.max(...results.map(({ largestShare }) => largestShare));
  process.stdout.write(
    `${name}: ${before} nodes before the passes, ${after} after; ${share.toFixed(3)} of the gate\n`,
  );
}

/** One weight of the head, a tenth off. */
function changeOneWeight(artifacts: ModelArtifacts): ModelArtifacts {
  const weightData = (artifacts.weightData as ArrayBuffer).slice(0);
  const head = artifacts.weightSpecs.findIndex(({ name }) => name === 'logits/bias');
  const sizes = artifacts.weightSpecs.map(({ shape }) => shape.reduce((a, b) => a * b, 1));
  const at = sizes.slice(0, head).reduce((sum, size) => sum + size, 0);
  new Float32Array(weightData)[at]! += 0.1;
  return { ...artifacts, weightData };
}

function built(name: string): tf.LayersModel {
  const model = architectures[name]!();
  randomizeWeights(model, 11);
  return model;
}

describe('deep models', () => {
  it.each(Object.keys(architectures))('%s computes what tfjs does', async (name) => {
    const model = built(name);
    const results = await parity(model);
    report(name, await artifactsOf(model), results);
    expect(results.filter((result) => !isWithin(result))).toEqual([]);
  });

  it.each([
    ['ResNet-20', 1],
    ['ResNet-50', 1],
    ['MobileNetV2', 1],
    ['Inception', 1],
    // Input and mask.
    ['U-Net', 2],
  ])('%s needs %i Transpose and no BatchNormalization', async (name, count) => {
    const { nodes } = readOnnx(exportOnnx(await artifactsOf(built(name))).bytes);
    const kinds = nodes.map(({ opType }) => opType);
    expect(kinds.filter((opType) => opType === 'Transpose').length).toBe(count);
    expect(kinds).not.toContain('BatchNormalization');
  });

  it('a convolutional classifier takes nchw without a Transpose', async () => {
    const { bytes, inputs } = exportOnnx(await artifactsOf(built('ResNet-20')), {
      inputLayout: 'nchw',
    });
    expect(inputs[0]!.shape).toEqual(['N', 3, 16, 16]);
    expect(readOnnx(bytes).nodes.map(({ opType }) => opType)).not.toContain('Transpose');
  });

  it('one changed weight fails the gate', async () => {
    const model = built('ResNet-20');
    expect((await parity(model, {}, changeOneWeight)).every(isWithin)).toBe(false);
  });

  it('chooses names', async () => {
    const { inputs, outputs } = exportOnnx(await artifactsOf(built('ResNet-20')), {
      inputNames: { image: 'pixels' },
      outputNames: { logits: 'classes' },
    });
    expect([inputs[0]!.name, outputs[0]!.name]).toEqual(['pixels', 'classes']);
  });
});

describe('models trained on real data', () => {
  it.each([
    // Accuracy on 24 rows that were not trained on: chance is 0.1 for digits, 0.8 for the ends of words.
    ['resnet20-narrow-14x14', 0.9],
    ['mobilenetv2-block-14x14', 0.75],
    ['bilstm-tagger', 0.85],
  ])('%s predicts what tfjs does', async (name, accuracy) => {
    const folder = savedModel('trained', name);
    const [artifacts, model] = [await readSaved(folder), await loadSaved(folder)];
    const { bytes, inputs, outputs } = exportOnnx(artifacts);
    const { inputs: sample, labels } = await readSamples(folder);
    const predict = predictor(model, [outputs[0]!.name]);
    const samples = { [inputs[0]!.name]: sample };
    const sets = [samples, ...parityInputs(artifacts, inputs)];
    const results = await checkParity({ bytes, ort, inputs: sets, predict, ...gate });
    report(name, artifacts, results);
    expect(results.filter((result) => !isWithin(result))).toEqual([]);

    const session = await ort.InferenceSession.create(bytes);
    const answer = (await session.run(feedsOf(ort, session, samples)))[outputs[0]!.name]!;
    const right = labels.filter((label, row) => label === argmax(answer, row));
    expect(right.length / labels.length).toBeGreaterThan(accuracy);
  });

  function argmax({ data, dims }: ort.Tensor, row: number): number {
    const classes = dims.at(-1)!;
    const values = (data as Float32Array).subarray(row * classes, (row + 1) * classes);
    return values.indexOf(Math.max(...values));
  }
});
