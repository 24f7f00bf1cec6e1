import * as ort from 'onnxruntime-node';
import { describe, expect, it } from 'vitest';
import { exportOnnx } from '../../test/checked-export.ts';
import {
  convertedModel,
  convertedModels,
  graphInputs,
  graphPredictor,
  loadGraphModel,
  realModel,
} from '../../test/graph-models.ts';
import {
  checkParity,
  type ExportError,
  readOnnx,
  type ExportOptions,
  type GraphModelArtifacts,
} from '../index.ts';

const isLong = process.env['TIER'] === 'long';
const TIMEOUT = isLong ? 3_600_000 : undefined;

/** Exports and compares with tfjs, unoptimized and optimized, one row and three where the batch is open. */
async function parity(
  name: string,
  artifacts: GraphModelArtifacts,
  options: ExportOptions = {},
): Promise<readonly string[]> {
  const { bytes, inputs, outputs } = exportOnnx(artifacts, options);
  const model = await loadGraphModel(artifacts);
  const nodes = options.cutAt ?? model.outputs.map((output) => output.name);
  const named = Object.fromEntries(outputs.map((output, index) => [output.name, nodes[index]!]));
  const predict = graphPredictor(
    model,
    inputs.map((input) => input.name),
    named,
  );
  const isOpen = inputs.some(({ shape }) => shape.includes('N'));
  const sets = [graphInputs(inputs, 1), ...(isOpen ? [graphInputs(inputs, 3)] : [])];
  const answers = await predict(sets[0]!);
  // Rounding grows with the largest value on the way, of which the largest output gives an idea.
  const largest = Math.max(
    1,
    ...Object.values(answers).map(({ data }) => Math.max(...Array.from(data, Math.abs))),
  );
  const results = await checkParity({
    bytes,
    ort,
    inputs: sets,
    predict,
    absolute: 1e-5 * largest,
    relative: 1e-4,
  });
  model.dispose();
  const share = Math.max(...results.map(({ largestShare }) => largestShare));
  const before = (artifacts.modelTopology as { node: { op: string }[] }).node.filter(
    ({ op }) => op !== 'Const',
  ).length;
  process.stdout.write(
    `${name}: ${before} nodes in, ${readOnnx(bytes).nodes.length} out, ${bytes.length} bytes, ` +
      `largest difference ${Math.max(...results.map(({ largestDifference }) => largestDifference)).toExponential(1)}, ${share.toFixed(3)} of the gate\n`,
  );
  return results
    .filter(({ isClose }) => !isClose)
    .map(({ output, largestDifference }) => `${output}: ${largestDifference}`);
}

const quick = ['antispoof', 'emotion', 'liveness'];
const slow = [
  'blazeface',
  'centernet',
  'facemesh',
  'faceres',
  'handlandmark-lite',
  'iris',
  'movenet-lightning',
];

describe('graph models that packages bring, with their trained weights', () => {
  it.each(isLong ? [...quick, ...slow] : quick)(
    '%s computes what tfjs does',
    async (name) => {
      expect(await parity(name, await realModel('human', name))).toEqual([]);
    },
    TIMEOUT,
  );

  it.each(isLong ? ['model'] : [])(
    'basic-pitch (%s) computes what tfjs does',
    async (name) => {
      expect(await parity('basic-pitch', await realModel('basic-pitch', name))).toEqual([]);
    },
    TIMEOUT,
  );

  it('handtrack is refused with all its operations of TensorFlow 1 and its lists', async () => {
    const artifacts = await realModel('human', 'handtrack');
    let error: unknown;
    try {
      exportOnnx(artifacts);
    } catch (thrown) {
      error = thrown;
    }
    const { code, layers } = error as ExportError;
    expect(code).toBe('unsupported-model');
    expect([...new Set(layers.map(({ className }) => className))].toSorted()).toEqual([
      'Enter',
      'Exit',
      'LoopCond',
      'Merge',
      'NextIteration',
      'Switch',
      'TensorListFromTensor',
      'TensorListGetItem',
      'TensorListReserve',
      'TensorListSetItem',
      'TensorListStack',
    ]);
  });

  it('a cut inside gives the value of the node, whatever comes after', async () => {
    const artifacts = await realModel('human', 'liveness');
    const nodes = (artifacts.modelTopology as { node: { name: string; op: string }[] }).node;
    const inner = nodes.filter(({ op }) => op === '_FusedConv2D' || op === 'Conv2D').at(-1)!;
    const cutAt = [inner.name];
    expect(
      await parity('liveness, cut', artifacts, {
        cutAt,
        outputNames: { [inner.name]: 'features' },
      }),
    ).toEqual([]);
  });

  it('a cut at a name that there is not lists names that there are', async () => {
    const artifacts = await realModel('human', 'liveness');
    expect(() => exportOnnx(artifacts, { cutAt: ['Relu6'] })).toThrow(
      /no node of this model.*There are \d+, such as "/,
    );
  });

  it('one changed weight fails the gate', async () => {
    const artifacts = await realModel('human', 'liveness');
    const changed = new Float32Array(
      new Uint8Array(artifacts.weightData as ArrayBuffer).slice().buffer.slice(0, 4 * 100_000),
    );
    const bytes = new Uint8Array(artifacts.weightData as ArrayBuffer).slice();
    for (let at = 0; at < changed.length; at += 97) bytes[at * 4 + 2]! ^= 0x40;
    const broken = { ...artifacts, weightData: bytes.buffer };
    const { bytes: file, inputs, outputs } = exportOnnx(broken);
    const model = await loadGraphModel(artifacts);
    const named = Object.fromEntries(
      outputs.map(({ name }, index) => [name, model.outputs[index]!.name]),
    );
    const predict = graphPredictor(
      model,
      inputs.map(({ name }) => name),
      named,
    );
    const results = await checkParity({
      bytes: file,
      ort,
      inputs: [graphInputs(inputs, 1)],
      predict,
    });
    expect(results.every(({ isClose }) => isClose)).toBe(false);
  });
});

const all = await convertedModels();
const large = /efficientnet|nasnet|xception|resnet-50|inception|vgg|mobilenet-v/;

describe('graph models of the Python converter', () => {
  it.each(all.filter((name) => isLong || !large.test(name)))(
    '%s computes what tfjs does',
    async (name) => {
      expect(await parity(name, await convertedModel(name))).toEqual([]);
    },
    TIMEOUT,
  );
});
