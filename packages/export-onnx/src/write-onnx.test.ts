import { fromBinary } from '@bufbuild/protobuf';
import { memoryBundle } from '@snapshot-ensemble/ensemble-bundle';
import { ModelProtoSchema, TensorProto_DataLocation } from 'onnx-buf';
import * as ort from 'onnxruntime-node';
import { describe, expect, it } from 'vitest';
import { exportOnnx } from '../test/checked-export.ts';
import { compareWithFile } from '../test/independent-reader.ts';
import { artifactsOf, randomizeWeights, tf } from '../test/tfjs.ts';
import { buildModel } from './build-model.ts';
import { readOnnx, writeOnnx } from './index.ts';
import { settingsOf } from './options.ts';

function network(): tf.LayersModel {
  const model = tf.sequential({
    layers: [
      tf.layers.conv2d({ filters: 8, kernelSize: 3, inputShape: [8, 8, 3], name: 'conv' }),
      tf.layers.batchNormalization({ name: 'norm' }),
      tf.layers.maxPooling2d({ poolSize: 2, name: 'max_pooling2d_1' }),
      tf.layers.flatten({ name: 'flatten_1' }),
      tf.layers.dense({ units: 64, name: 'head' }),
    ],
  });
  randomizeWeights(model, 3);
  return model;
}

async function answer(session: ort.InferenceSession): Promise<Float32Array> {
  const data = Float32Array.from({ length: 192 }, (_, index) => Math.sin(index));
  const { head } = await session.run({ conv_input: new ort.Tensor('float32', data, [1, 8, 8, 3]) });
  return head!.data as Float32Array;
}

describe('exportOnnx', () => {
  it('writes what onnx-buf reads', async () => {
    const artifacts = await artifactsOf(network());
    const { bytes } = exportOnnx(artifacts, { metadata: { run: 'r1' } });
    const model = fromBinary(ModelProtoSchema, bytes);
    const { graph } = model;
    expect(model.irVersion).toBe(8n);
    expect(model.opsetImport.map(({ domain, version }) => [domain, version])).toEqual([['', 17n]]);
    expect(model.metadataProps.map(({ key, value }) => [key, value])).toEqual([['run', 'r1']]);
    expect(graph!.node.map(({ opType, name, input, output }) => [opType, name, input, output]))
      .toMatchInlineSnapshot(`
      [
        [
          "Transpose",
          "conv/Transpose",
          [
            "conv_input",
          ],
          [
            "conv/Transpose",
          ],
        ],
        [
          "Conv",
          "conv/Conv",
          [
            "conv/Transpose",
            "conv/kernel_folded",
            "conv/bias_folded",
          ],
          [
            "norm/BatchNormalization",
          ],
        ],
        [
          "MaxPool",
          "max_pooling2d_1/MaxPool",
          [
            "norm/BatchNormalization",
          ],
          [
            "max_pooling2d_1/MaxPool",
          ],
        ],
        [
          "Reshape",
          "flatten_1/Reshape",
          [
            "max_pooling2d_1/MaxPool",
            "flatten_1/shape_0_72",
          ],
          [
            "flatten_1/Reshape",
          ],
        ],
        [
          "Gemm",
          "head/Gemm",
          [
            "flatten_1/Reshape",
            "head/kernel",
            "head/bias",
          ],
          [
            "head",
          ],
        ],
      ]
    `);
    expect(graph!.initializer.map(({ name, dims, dataType }) => [name, dims.map(Number), dataType]))
      .toMatchInlineSnapshot(`
      [
        [
          "flatten_1/shape_0_72",
          [
            2,
          ],
          7,
        ],
        [
          "head/kernel",
          [
            72,
            64,
          ],
          1,
        ],
        [
          "head/bias",
          [
            64,
          ],
          1,
        ],
        [
          "conv/kernel_folded",
          [
            8,
            3,
            3,
            3,
          ],
          1,
        ],
        [
          "conv/bias_folded",
          [
            8,
          ],
          1,
        ],
      ]
    `);
    const kernel = graph!.initializer.find(({ name }) => name === 'head/kernel')!;
    expect(kernel.rawData.length).toBe(72 * 64 * 4);
  });

  it('gives the same bytes for the same artifacts', async () => {
    const artifacts = await artifactsOf(network());
    expect(exportOnnx(artifacts).bytes).toEqual(exportOnnx(structuredClone(artifacts)).bytes);
  });

  it('is read back by readOnnx', async () => {
    const { bytes, inputs, outputs } = exportOnnx(await artifactsOf(network()), {
      metadata: { a: 'b' },
    });
    const summary = readOnnx(bytes);
    expect(summary).toMatchObject({ irVersion: 8, opsets: { '': 17 }, metadata: { a: 'b' } });
    expect(summary.inputs.map(({ name, shape }) => [name, shape])).toEqual(
      inputs.map(({ name, shape }) => [name, shape]),
    );
    expect(summary.outputs.map(({ name, shape }) => [name, shape])).toEqual(
      outputs.map(({ name, shape }) => [name, shape]),
    );
  });

  it.each([17, 18, 19, 20, 21])('writes opset %i', async (opset) => {
    const model = tf.sequential({
      layers: [
        tf.layers.dense({ units: 4, inputShape: [5, 3], activation: 'gelu' }),
        tf.layers.dense({ units: 4, activation: 'mish' }),
        tf.layers.layerNormalization(),
        tf.layers.globalAveragePooling1d({}),
      ],
    });
    const { bytes } = exportOnnx(await artifactsOf(model), { opset });
    await expect(ort.InferenceSession.create(bytes)).resolves.toBeDefined();
  });
});

describe('writeOnnx', () => {
  it('streams the bytes of exportOnnx', async () => {
    const artifacts = await artifactsOf(network());
    const sink = memoryBundle();
    const { files } = await writeOnnx(artifacts, sink, { path: 'deep/net.onnx' });
    expect(files.map(({ path }) => path)).toEqual(['deep/net.onnx']);
    expect(sink.files.get('deep/net.onnx')).toEqual(exportOnnx(artifacts).bytes);
  });

  it('puts weights into a file of their own, aligned to pages', async () => {
    const artifacts = await artifactsOf(network());
    const sink = memoryBundle();
    await writeOnnx(artifacts, sink, { externalData: true });
    const [bytes, data] = [sink.files.get('model.onnx')!, sink.files.get('model.onnx.data')!];
    compareWithFile(buildModel(artifacts, settingsOf({})), bytes, (offset, length) =>
      data.subarray(offset, offset + length),
    );
    const external = fromBinary(ModelProtoSchema, bytes).graph!.initializer.filter(
      ({ dataLocation }) => dataLocation === TensorProto_DataLocation.EXTERNAL,
    );
    expect(external.length).toBeGreaterThan(0);
    for (const { externalData, rawData } of external) {
      const entries = Object.fromEntries(externalData.map(({ key, value }) => [key, value]));
      expect(Number(entries['offset']) % 4096).toBe(0);
      expect(Number(entries['offset']) + Number(entries['length'])).toBeLessThanOrEqual(
        data.length,
      );
      expect(rawData.length).toBe(0);
    }
    const inOne = new Map(
      readOnnx(exportOnnx(artifacts).bytes).weights.map(({ name, bytes: size }) => [name, size]),
    );
    expect(new Map(readOnnx(bytes).weights.map(({ name, bytes: size }) => [name, size]))).toEqual(
      inOne,
    );
    const options = { externalData: [{ path: 'model.onnx.data', data }] };
    const apart = await ort.InferenceSession.create(bytes, options);
    const whole = await ort.InferenceSession.create(exportOnnx(artifacts).bytes);
    expect(await answer(apart)).toEqual(await answer(whole));
  });
});
