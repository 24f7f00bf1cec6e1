import type { ModelArtifacts } from '@snapshot-ensemble/snapshot-core';
import * as ort from 'onnxruntime-node';
import { describe, expect, it } from 'vitest';
import { architectures, feeds } from '../test/architectures.ts';
import { exportOnnx } from '../test/independent-reader.ts';
import { artifactsOf, predictor, randomizeWeights, type tf } from '../test/tfjs.ts';
import { checkParity, readOnnx, type ExportOptions } from './index.ts';

async function parity(
  model: tf.LayersModel,
  options: ExportOptions = {},
  change = (artifacts: ModelArtifacts): ModelArtifacts => artifacts,
): Promise<readonly boolean[]> {
  const { bytes, outputs } = exportOnnx(change(await artifactsOf(model)), options);
  const results = await checkParity({
    bytes,
    ort,
    inputs: [feeds(model, 1), feeds(model, 3)],
    predict: predictor(
      model,
      outputs.map(({ name }) => name),
    ),
  });
  return results.map(({ isClose, isArgmaxEqual }) => isClose && isArgmaxEqual);
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
    const results = await parity(built(name));
    expect(results.every(Boolean)).toBe(true);
  });

  it.each([
    ['ResNet-20', 1],
    ['ResNet-50 blocks', 1],
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
    expect((await parity(model, {}, changeOneWeight)).every(Boolean)).toBe(false);
  });

  it('chooses names', async () => {
    const { inputs, outputs } = exportOnnx(await artifactsOf(built('ResNet-20')), {
      inputNames: { image: 'pixels' },
      outputNames: { logits: 'classes' },
    });
    expect([inputs[0]!.name, outputs[0]!.name]).toEqual(['pixels', 'classes']);
  });
});
