import { readFile } from 'node:fs/promises';
import * as ort from 'onnxruntime-node';
import { describe, expect, it } from 'vitest';
import { exportOnnx } from '../test/checked-export.ts';
import { loadSaved, readSaved, savedModel } from '../test/saved-models.ts';
import { predictor } from '../test/tfjs.ts';
import { checkParity, parityInputs, type HostTensor } from './index.ts';

interface Case {
  readonly inputs: HostTensor;
  readonly answers: HostTensor;
}

/** What `scripts/make-python-models.py` wrote beside a model. */
async function readCase(folder: URL): Promise<Case> {
  const text = await readFile(new URL('case.json', folder), 'utf8');
  return JSON.parse(text, (key, value: unknown) =>
    key === 'data' ? Float32Array.from(value as number[]) : value,
  ) as Case;
}

/** How far the export of a model made by Python is from Keras and from the model in tfjs. */
async function compared(name: string, relativeToKeras: { absolute: number; relative: number }) {
  const folder = savedModel('python-converter', name);
  const [artifacts, { inputs, answers }] = [await readSaved(folder), await readCase(folder)];
  const { bytes, inputs: declared, outputs } = exportOnnx(artifacts);
  const [input, output] = [declared[0]!.name, outputs[0]!.name];
  const file = { bytes, ort };
  const [keras] = await checkParity({
    ...file,
    ...relativeToKeras,
    inputs: [{ [input]: inputs }],
    predict: () => ({ [output]: answers }),
  });
  return { keras: keras!, artifacts, declared, output, file, folder };
}

const exact = { absolute: 1e-5, relative: 1e-4 };

describe('models of the Python converter', () => {
  it.each([
    'keras-2-classifier',
    'keras-2-tagger',
    // tfjs itself cannot load these.
    'keras-2-classifier-keras-file',
    'keras-3-classifier',
    'keras-3-tagger',
  ])('%s answers what Keras answers', async (name) => {
    const { keras } = await compared(name, exact);
    expect(keras).toMatchObject({ isClose: true, isArgmaxEqual: true });
  });

  it.each([
    'keras-2-classifier',
    'keras-2-tagger',
    'keras-2-classifier-uint8',
    'keras-2-classifier-uint16',
    'keras-2-classifier-float16',
  ])('%s answers what it does in tfjs', async (name) => {
    const { artifacts, declared, output, file, folder } = await compared(name, exact);
    const results = await checkParity({
      ...file,
      ...exact,
      inputs: parityInputs(artifacts, declared),
      predict: predictor(await loadSaved(folder), [output]),
    });
    expect(results).toMatchObject([{ isClose: true, isArgmaxEqual: true }]);
  });

  // Rounded weights: not what Keras had, and as far from it as their width makes them.
  it.each([
    ['uint8', 0.05, 1e-4],
    ['uint16', 5e-4, 1e-7],
    ['float16', 5e-3, 1e-7],
  ])('weights quantized to %s stay close to Keras', async (dtype, most, least) => {
    const { keras } = await compared(`keras-2-classifier-${dtype}`, exact);
    expect(keras.largestDifference).toBeLessThan(most);
    expect(keras.largestDifference).toBeGreaterThan(least);
  });
});

describe('weight data', () => {
  it('is taken as buffers and as views of them, wherever those begin', async () => {
    const artifacts = await readSaved(savedModel('python-converter', 'keras-2-classifier'));
    const whole = artifacts.weightData;
    const bytes = Buffer.concat(
      (Array.isArray(whole) ? whole : [whole]).map((part) => Buffer.from(part as ArrayBuffer)),
    );
    const pooled = Buffer.concat([Buffer.alloc(4), bytes, Buffer.alloc(3)]).subarray(
      4,
      4 + bytes.length,
    );
    const askew = Buffer.concat([Buffer.alloc(1), bytes]).subarray(1);
    const want = exportOnnx(artifacts).bytes;
    for (const weightData of [pooled, askew, [bytes.subarray(0, 9), bytes.subarray(9)]])
      expect(Buffer.compare(exportOnnx({ ...artifacts, weightData }).bytes, want)).toBe(0);
  });
});
