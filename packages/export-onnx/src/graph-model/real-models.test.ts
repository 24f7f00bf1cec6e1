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
import { firstOff, nodeParities } from '../../test/node-parity.ts';
import { roundingOf } from '../../test/rounding.ts';
import { GATE } from '../../test/small-graphs.ts';
import {
  checkParity,
  readOnnx,
  type ExportError,
  type ExportOptions,
  type GraphModelArtifacts,
  type HostTensors,
  type ParityResult,
} from '../index.ts';

const isLong = process.env['TIER'] === 'long';
const TIMEOUT = isLong ? 3_600_000 : undefined;

/**
 * Deep sums, as what a cut gives, are beyond the gate of single layers: what rounding is worth in each is measured. Of blazeface tfjs
 * itself is up to 13.9 gates from float64, onnxruntime 10.4.
 */
const deep = ['basic-pitch', 'blazeface', 'centernet', 'facemesh', 'handlandmark-lite', 'iris'];

/** Exports and compares with tfjs, unoptimized and optimized, one row and three where the batch is open. */
async function parity(
  name: string,
  artifacts: GraphModelArtifacts,
  options: ExportOptions = {},
): Promise<readonly string[]> {
  const { bytes, inputs, outputs } = exportOnnx(artifacts, options);
  const predictorOf = async (given: GraphModelArtifacts) => {
    const model = await loadGraphModel(given);
    const nodes = options.cutAt ?? model.outputs.map((output) => output.name);
    const named = Object.fromEntries(outputs.map((output, index) => [output.name, nodes[index]!]));
    return graphPredictor(
      model,
      inputs.map((input) => input.name),
      named,
    );
  };
  const predict = await predictorOf(artifacts);
  const isDeep = deep.includes(name) || options.cutAt !== undefined;
  const isOpen = inputs.some(({ shape }) => shape.includes('N'));
  const sets = [graphInputs(inputs, 1), ...(isOpen ? [graphInputs(inputs, 3)] : [])];
  const rounding = isDeep ? await roundingOf(artifacts, predictorOf, sets) : {};
  const answers = new Map<HostTensors, HostTensors>();
  for (const set of sets) answers.set(set, await predict(set));
  const results: ParityResult[] = [];
  for (const group of isDeep ? outputs.map((output) => [output]) : [outputs]) {
    const names = group.map((output) => output.name);
    const wanted = (set: HostTensors): HostTensors =>
      Object.fromEntries(names.map((output) => [output, answers.get(set)![output]!]));
    const absolute = GATE.absolute + (rounding[names[0]!] ?? 0);
    const { relative } = GATE;
    results.push(
      ...(await checkParity({ bytes, ort, inputs: sets, predict: wanted, absolute, relative })),
    );
  }
  const share = Math.max(...results.map(({ largestShare }) => largestShare));
  const before = (artifacts.modelTopology as { node: { op: string }[] }).node.filter(
    ({ op }) => op !== 'Const',
  ).length;
  process.stdout.write(
    `${name}: ${before} nodes in, ${readOnnx(bytes).nodes.length} out, ${bytes.length} bytes, ` +
      `largest difference ${Math.max(...results.map(({ largestDifference }) => largestDifference)).toExponential(1)}, ${share.toFixed(3)} of the gate\n`,
  );
  const off = results.filter(({ isClose }) => !isClose);
  if (off.length === 0) return [];
  const first = firstOff(await nodeParities(artifacts, sets[0]!, GATE));
  return off.map(({ output, largestDifference }) => `${output}: ${largestDifference}; ${first}`);
}

const quick = ['emotion', 'liveness'];
const slow = [
  'antispoof',
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
      /not a node of this model.*There are \d+, such as "/,
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

  it('node by node, the one with a changed weight is the first that is off', async () => {
    const artifacts = await realModel('human', 'liveness');
    const inputs = graphInputs(exportOnnx(artifacts).inputs, 1);
    expect(firstOff(await nodeParities(artifacts, inputs, GATE))).toBe(
      'every node is within the gate',
    );
    const { node } = artifacts.modelTopology as {
      node: { name: string; op: string; input: string[] }[];
    };
    const { name, input } = node.filter(({ op }) => op.includes('Conv2D'))[2]!;
    const bytes = new Uint8Array(artifacts.weightData as ArrayBuffer).slice();
    let start = 0;
    for (const { name: weight, shape } of artifacts.weightSpecs) {
      if (weight === input[1]) break;
      start += 4 * shape.reduce((total, side) => total * side, 1);
    }
    // The sign of the kernel's first weight.
    bytes[start + 3]! ^= 0x80;
    const broken = { ...artifacts, weightData: bytes.buffer };
    expect(firstOff(await nodeParities(artifacts, inputs, GATE, broken))).toContain(name);
  });
});

const all = await convertedModels();
// Larger, or the same graph with other weights.
const large = /mobilenet$|mobilenet-(v|float16)|lstm-unrolled(-uint8)?$|separable-float16/;

describe('graph models of the Python converter', () => {
  it.each(all.filter((name) => isLong || !large.test(name)))(
    '%s computes what tfjs does',
    async (name) => {
      expect(await parity(name, await convertedModel(name))).toEqual([]);
    },
    TIMEOUT,
  );
});
