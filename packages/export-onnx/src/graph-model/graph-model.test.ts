import * as ort from 'onnxruntime-node';
import { describe, expect, it } from 'vitest';
import { exportOnnx } from '../../test/checked-export.ts';
import {
  attr,
  graphModel,
  placeholder,
  type Constant,
  type GraphNode,
} from '../../test/graph-def.ts';
import { graphPredictor, loadGraphModel } from '../../test/graph-models.ts';
import {
  checkParity,
  ExportError,
  isGraphModel,
  readOnnx,
  type GraphModelArtifacts,
  type HostTensors,
} from '../index.ts';

const float = (shape: readonly number[], ...values: number[]) => ({
  data: Float32Array.from(values),
  shape,
});
const int = (shape: readonly number[], ...values: number[]) => ({
  data: Int32Array.from(values),
  shape,
});
const held = (
  name: string,
  dtype: Constant['dtype'],
  shape: readonly number[],
  ...values: number[]
): Constant => ({ name, dtype, shape, values });

async function parity(
  artifacts: GraphModelArtifacts,
  sets: readonly HostTensors[],
): Promise<number> {
  const { bytes, inputs, outputs } = exportOnnx(artifacts);
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
    bytes,
    ort,
    inputs: sets,
    predict,
    absolute: 1e-6,
    relative: 1e-5,
  });
  return Math.max(...results.map(({ largestShare }) => largestShare));
}

/** A function of a library. */
function func(
  name: string,
  args: readonly string[],
  outs: readonly string[],
  nodes: readonly GraphNode[],
  ret: Readonly<Record<string, string>>,
): object {
  const argument = (each: string): object => ({ name: each, type: 'DT_FLOAT' });
  return {
    signature: { name, inputArg: args.map(argument), outputArg: outs.map(argument) },
    nodeDef: nodes,
    ret,
  };
}

describe('control flow of TensorFlow 2', () => {
  it.each(['If', 'StatelessIf'])('%s runs the branch that the run decides', async (op) => {
    const artifacts = graphModel(
      [
        placeholder('x', 'float32', [-1, 3]),
        { name: 'sum', op: 'Sum', input: ['x', 'axes'], attr: { keep_dims: attr.bool(false) } },
        { name: 'more', op: 'Greater', input: ['sum', 'zero'] },
        {
          name: 'y',
          op,
          input: ['more', 'x', 'scale'],
          attr: { then_branch: attr.func('yes'), else_branch: attr.func('no') },
        },
      ],
      [
        held('axes', 'int32', [2], 0, 1),
        held('zero', 'float32', [], 0),
        held('scale', 'float32', [3], 2, 3, 4),
        held('no/shift', 'float32', [], -1),
      ],
      { y: 'y:0' },
      [
        func('yes', ['a', 'b'], ['out'], [{ name: 'mul', op: 'Mul', input: ['a', 'b'] }], {
          out: 'mul:z:0',
        }),
        func(
          'no',
          ['a', 'b'],
          ['out'],
          [
            { name: 'no/shift', op: 'Const', attr: { dtype: attr.type('float32') } },
            { name: 'add', op: 'AddV2', input: ['a', 'no/shift:output:0'] },
          ],
          { out: 'add:z:0' },
        ),
      ],
    );
    const sets = [{ x: float([1, 3], 1, 2, 3) }, { x: float([2, 3], -1, -2, -3, 0, 1, 2) }];
    expect(await parity(artifacts, sets)).toBeLessThan(1);
    expect(readOnnx(exportOnnx(artifacts).bytes).nodes.map(({ opType }) => opType)).toContain('If');
  });

  it('a condition that is known takes its branch alone', () => {
    const artifacts = graphModel(
      [
        placeholder('x', 'float32', [2]),
        {
          name: 'y',
          op: 'StatelessIf',
          input: ['yes_flag', 'x'],
          attr: { then_branch: attr.func('yes'), else_branch: attr.func('no') },
        },
      ],
      [held('yes_flag', 'bool', [], 1)],
      { y: 'y:0' },
      [
        func('yes', ['a'], ['out'], [{ name: 'abs', op: 'Abs', input: ['a'] }], { out: 'abs:y:0' }),
        func('no', ['a'], ['out'], [{ name: 'neg', op: 'Neg', input: ['a'] }], { out: 'neg:y:0' }),
      ],
    );
    expect(readOnnx(exportOnnx(artifacts).bytes).nodes.map(({ opType }) => opType)).toEqual([
      'Abs',
    ]);
  });

  it.each(['While', 'StatelessWhile'])('%s repeats until its condition is false', async (op) => {
    const artifacts = graphModel(
      [
        placeholder('x', 'float32', [-1, 2]),
        placeholder('count', 'int32', []),
        {
          name: 'y',
          op,
          input: ['zero', 'x', 'count'],
          attr: { cond: attr.func('going'), body: attr.func('round') },
        },
        { name: 'last', op: 'Identity', input: ['y:1'] },
        { name: 'steps', op: 'Identity', input: ['y'] },
      ],
      [
        held('zero', 'int32', [], 0),
        held('round/one', 'int32', [], 1),
        held('round/half', 'float32', [], 0.5),
      ],
      { y: 'last:0', steps: 'steps:0' },
      [
        func('going', ['i', 'v', 'n'], ['out'], [{ name: 'less', op: 'Less', input: ['i', 'n'] }], {
          out: 'less:z:0',
        }),
        func(
          'round',
          ['i', 'v', 'n'],
          ['a', 'b', 'c'],
          [
            { name: 'round/one', op: 'Const', attr: { dtype: attr.type('int32') } },
            { name: 'round/half', op: 'Const', attr: { dtype: attr.type('float32') } },
            { name: 'next', op: 'AddV2', input: ['i', 'round/one:output:0'] },
            { name: 'scaled', op: 'Mul', input: ['v', 'round/half:output:0'] },
            { name: 'float', op: 'Cast', input: ['i'], attr: { DstT: attr.type('float32') } },
            { name: 'sum', op: 'AddV2', input: ['scaled:z:0', 'float:y:0'] },
            { name: 'same', op: 'Identity', input: ['n'] },
          ],
          { a: 'next:z:0', b: 'sum:z:0', c: 'same:output:0' },
        ),
      ],
    );
    const sets = [0, 1, 5].map((count) => ({
      x: float([2, 2], 1, -2, 3, 4),
      count: int([], count),
    }));
    expect(await parity(artifacts, sets)).toBeLessThan(1);
  });
});

describe('random operations', () => {
  it('draw numbers of the shape and range that they say, two draws apart', async () => {
    const artifacts = graphModel(
      [
        placeholder('logits', 'float32', [2, 3]),
        { name: 'u', op: 'RandomUniform', input: ['shape'] },
        { name: 'v', op: 'RandomUniform', input: ['shape'] },
        { name: 'n', op: 'RandomStandardNormal', input: ['shape'] },
        { name: 'i', op: 'RandomUniformInt', input: ['shape', 'low', 'high'] },
        { name: 'm', op: 'Multinomial', input: ['logits', 'samples'] },
      ],
      [
        held('shape', 'int32', [2], 20, 30),
        held('low', 'int32', [], 3),
        held('high', 'int32', [], 7),
        held('samples', 'int32', [], 50),
      ],
      { u: 'u:0', v: 'v:0', n: 'n:0', i: 'i:0', m: 'm:0' },
    );
    const session = await ort.InferenceSession.create(exportOnnx(artifacts).bytes);
    const { u, v, n, i, m } = await session.run({
      logits: new ort.Tensor('float32', [0, -100, 0, 0, 0, 0], [2, 3]),
    });
    const all = (tensor: ort.Tensor | undefined): readonly number[] =>
      Array.from(tensor!.data as Float32Array);
    expect([u, n, i, m].map((tensor) => tensor!.dims)).toEqual([
      [20, 30],
      [20, 30],
      [20, 30],
      [2, 50],
    ]);
    expect(all(u).every((value) => value >= 0 && value < 1)).toBe(true);
    expect(all(u)).not.toEqual(all(v));
    expect(Math.abs(all(n).reduce((sum, value) => sum + value, 0) / 600)).toBeLessThan(0.3);
    expect([...new Set(all(i))].toSorted()).toEqual([3, 4, 5, 6]);
    expect(all(m).slice(0, 50)).not.toContain(1);
  });
});

describe('files', () => {
  const nodes: readonly GraphNode[] = [
    placeholder('x', 'float32', [-1, 4]),
    { name: 'block/mul', op: 'MatMul', input: ['x', 'w'], attr: { transpose_b: attr.bool(true) } },
    { name: 'block/out', op: 'Softmax', input: ['block/mul', '^x'] },
  ];
  const weights = [held('w', 'float32', [2, 4], 1, 2, 3, 4, -1, 0.5, 0, 2)];
  const plainModel = graphModel(nodes, weights, { 'scores:0': 'block/out:0' });
  const bytesOf = (artifacts: GraphModelArtifacts): string =>
    Buffer.from(exportOnnx(artifacts).bytes).toString('base64');

  it('are taken for what they are, with and without a format', () => {
    const old = { ...plainModel, format: undefined };
    expect([plainModel, old].map(isGraphModel)).toEqual([true, true]);
    expect(bytesOf(old)).toBe(bytesOf(plainModel));
    expect(exportOnnx(plainModel)).toMatchObject({
      inputs: [{ name: 'x', shape: ['N', 4] }],
      outputs: [{ name: 'scores', shape: ['N', 2] }],
    });
  });

  it('have their signature in either place, or none', () => {
    const { signature, ...bare } = plainModel;
    expect(bytesOf({ ...bare, userDefinedMetadata: { signature: signature! } })).toBe(
      bytesOf(plainModel),
    );
    expect(exportOnnx(bare).outputs.map(({ name }) => name)).toEqual(['block_out']);
  });

  it('are written in two dialects', () => {
    const conv: readonly GraphNode[] = [
      placeholder('x', 'float32', [1, 5, 5, 2]),
      {
        name: 'y',
        op: 'Conv2D',
        input: ['x', 'w'],
        attr: {
          strides: attr.ints([1, 2, 2, 1]),
          padding: attr.text('SAME'),
          data_format: attr.text('NHWC'),
        },
      },
    ];
    const kernel = [
      held(
        'w',
        'float32',
        [3, 3, 2, 1],
        ...Array.from({ length: 18 }, (_, index) => index / 9 - 1),
      ),
    ];
    const modern = graphModel(conv, kernel, { y: 'y:0' });
    const old = JSON.parse(JSON.stringify(modern.modelTopology)) as {
      node: { op: string; attr: Record<string, object> }[];
    };
    for (const node of old.node)
      for (const [key, value] of Object.entries(node.attr)) {
        const { s, type, list } = value as { s?: string; type?: string; list?: { i: string[] } };
        if (s !== undefined)
          node.attr[key] = { s: Array.from(atob(s), (letter) => letter.charCodeAt(0)) };
        if (type !== undefined) node.attr[key] = { type: 1 };
        if (list !== undefined) node.attr[key] = { list: { i: list.i.map(Number) } };
      }
    expect(bytesOf({ ...modern, modelTopology: old })).toBe(bytesOf(modern));
  });

  it('have their weights in shards, quantized, and beside texts that nobody reads', async () => {
    const bytes = new Uint8Array(plainModel.weightData as ArrayBuffer);
    const text = Uint8Array.of(3, 0, 0, 0, 97, 98, 99);
    const sharded = {
      ...plainModel,
      weightSpecs: [
        { name: 'label', dtype: 'string', shape: [1] } as never,
        ...plainModel.weightSpecs,
      ],
      weightData: [text.buffer, bytes.slice(0, 5).buffer, bytes.slice(5).buffer],
    };
    expect(bytesOf(sharded)).toBe(bytesOf(plainModel));
    for (const [dtype, codes] of [
      ['uint8', Uint8Array.from([0, 1, 2, 3, 4, 5, 6, 7])],
      ['uint16', Uint16Array.from([0, 1, 2, 3, 4, 5, 6, 7])],
      ['float16', Uint16Array.from([0x3c00, 0xc000, 0x3800, 0, 0x3c00, 0x4000, 0xb800, 0x3400])],
    ] as const) {
      const quantization = dtype === 'float16' ? { dtype } : { dtype, scale: 0.5, min: -1 };
      const artifacts = {
        ...plainModel,
        weightSpecs: [{ ...plainModel.weightSpecs[0]!, quantization }],
        weightData: codes.slice().buffer,
      };
      expect(await parity(artifacts, [{ x: float([2, 4], 1, 2, 3, 4, -1, 0, 1, 2) }])).toBeLessThan(
        1,
      );
    }
  });

  it('take shapes that they leave open, and contradict wrong ones', () => {
    const open = graphModel(
      [placeholder('x', 'float32', [-1, -1, -1, 3]), { name: 'y', op: 'Relu', input: ['x'] }],
      [],
      { y: 'y:0' },
    );
    expect(exportOnnx(open).inputs[0]!.shape).toEqual(['N', 'x_dim1', 'x_dim2', 3]);
    expect(exportOnnx(open, { inputShapes: { x: [1, 8, 8, 3] } }).outputs[0]!.shape).toEqual([
      1, 8, 8, 3,
    ]);
    expect(() => exportOnnx(open, { inputShapes: { x: [1, 8, 8, 4] } })).toThrow(
      'Change open dimensions (-1) only',
    );
  });

  it('carry known shapes through what computes them', () => {
    const artifacts = graphModel(
      [
        placeholder('x', 'float32', [-1, 6, 4]),
        { name: 'shape', op: 'Shape', input: ['x'] },
        {
          name: 'batch',
          op: 'StridedSlice',
          input: ['shape', 'zero', 'one', 'one'],
          attr: { shrink_axis_mask: attr.int(1) },
        },
        {
          name: 'target',
          op: 'Pack',
          input: ['batch', 'three', 'eight'],
          attr: { axis: attr.int(0) },
        },
        { name: 'y', op: 'Reshape', input: ['x', 'target'] },
      ],
      [
        held('zero', 'int32', [1], 0),
        held('one', 'int32', [1], 1),
        held('three', 'int32', [], 3),
        held('eight', 'int32', [], 8),
      ],
      { y: 'y:0' },
    );
    const { bytes, outputs } = exportOnnx(artifacts);
    expect(outputs[0]!.shape).toEqual(['N', 3, 8]);
    expect(readOnnx(bytes).nodes.map(({ opType }) => opType)).toEqual(['Reshape']);
  });

  it('options of the other kind of model are refused', () => {
    expect(() => exportOnnx(plainModel, { exposeStates: true })).toThrow(
      'exposeStates is an option for a layers model',
    );
  });
});

describe('what cannot be exported', () => {
  const refusal = (artifacts: GraphModelArtifacts, options = {}): ExportError => {
    try {
      exportOnnx(artifacts, options);
    } catch (error) {
      if (error instanceof ExportError) return error;
      throw error;
    }
    throw new Error('it was exported');
  };
  const artifacts = graphModel(
    [
      placeholder('x', 'float32', [2, 4, 4, 2]),
      { name: 'spectrum', op: 'FFT', input: ['x'] },
      { name: 'table', op: 'HashTableV2', input: [] },
      {
        name: 'pool',
        op: 'MaxPool',
        input: ['x'],
        attr: {
          ksize: attr.ints([1, 1, 2, 2]),
          strides: attr.ints([1, 1, 2, 2]),
          padding: attr.text('VALID'),
          data_format: attr.text('NCHW'),
        },
      },
      {
        name: 'norm',
        op: 'FusedBatchNormV3',
        input: ['x', 'one', 'one', 'none', 'none'],
        attr: { is_training: attr.bool(true) },
      },
      { name: 'mine', op: 'MyOwnOp', input: ['pool'] },
      { name: 'fine', op: 'Relu', input: ['x'] },
      { name: 'all', op: 'AddN', input: ['spectrum', 'mine', 'norm', 'table'] },
    ],
    [held('one', 'float32', [2], 1, 1), held('none', 'float32', [0])],
    { all: 'all:0', fine: 'fine:0' },
  );

  it('is said in one error, all of it, with what to do', () => {
    const error = refusal(artifacts);
    expect(error.code).toBe('unsupported-model');
    expect(error.layers.map(({ className }) => className).toSorted()).toEqual([
      'FFT',
      'FusedBatchNormV3',
      'HashTableV2',
      'MaxPool',
      'MyOwnOp',
    ]);
    expect(error.message).toMatchInlineSnapshot(`
      "Cannot export these 5 operations:
      - "spectrum" (FFT): ONNX has no complex numbers. Cut the model before it (cutAt), or convert the model without it.
      - "pool" (MaxPool): tfjs computes MaxPool with data_format "NCHW" as if it were NHWC. Convert the model with NHWC.
      - "mine" (MyOwnOp): there is no converter for it. tfjs 4.22 may not know it either; the README of export-onnx says where the list of operations is. Cut the model before it (cutAt), or convert the model without it.
      - "norm" (FusedBatchNormV3): FusedBatchNormV3 that computes its mean from the input (as tf.keras makes LayerNormalization) is NaN in tfjs. Convert the model for inference, or replace the layer.
      - "table" (HashTableV2): hash tables have no equal among the standard operators of ONNX. Look the values up before the model, and convert the rest."
    `);
  });

  it('does not matter behind a cut', () => {
    expect(exportOnnx(artifacts, { cutAt: ['fine'] }).outputs.map(({ name }) => name)).toEqual([
      'fine',
    ]);
  });

  it.each([
    [
      'a loop without an end',
      [
        { name: 'a', op: 'Relu', input: ['b'] },
        { name: 'b', op: 'Relu', input: ['a'] },
      ],
      'b:0',
    ],
    ['an input that there is not', [{ name: 'b', op: 'Relu', input: ['nowhere'] }], 'b:0'],
    [
      'an output that there is not',
      [{ name: 'b', op: 'Relu', input: ['b0'] }, placeholder('b0', 'float32', [1])],
      'c:0',
    ],
  ] as const)('%s is a typed error', (_, nodes, output) => {
    const { code } = refusal(graphModel(nodes, [], { y: output }));
    expect(['invalid-topology', 'unsupported-model']).toContain(code);
  });
});
