import { describe, expect, it } from 'vitest';
import { graphOf, kinds, node, noise, run } from '../../test/small-onnx.ts';
import { float, int, ints, string, type Graph } from '../onnx/model.ts';
import { float32, int64, type TensorData } from '../onnx/tensor-data.ts';
import { optimize } from './index.ts';

const positive = (...shape: number[]): TensorData =>
  float32(
    shape,
    Array.from(noise(...shape).read() as Float32Array, (value) => value ** 2 + 0.1),
  );

const norm = { g: noise(6), b: noise(6), m: noise(6), v: positive(6) };
const normInputs = ['g', 'b', 'm', 'v'];
const epsilon = { epsilon: float(0.01) };
const image = [2, 4, 5, 5];
const k3 = { k: noise(6, 4, 3, 3), c: noise(6) };
const pads1 = { pads: ints([1, 1, 1, 1]) };
const zeroPad = int64([8], [0, 0, 1, 0, 0, 0, 2, 3]);

/** Name, graph, what is left. */
const cases: readonly (readonly [string, Graph, readonly string[]])[] = [
  [
    'batch norm after Conv',
    graphOf(
      image,
      [
        node('Conv', ['x', 'k', 'c'], 'h', pads1),
        node('BatchNormalization', ['h', ...normInputs], 'y', epsilon),
      ],
      { ...k3, ...norm },
    ),
    ['Conv'],
  ],
  [
    'batch norm after a Conv without bias, with groups',
    graphOf(
      image,
      [
        node('Conv', ['x', 'k'], 'h', { group: int(2) }),
        node('BatchNormalization', ['h', ...normInputs], 'y'),
      ],
      { k: noise(6, 2, 3, 3), ...norm },
    ),
    ['Conv'],
  ],
  [
    'batch norm before an unpadded Conv',
    graphOf(
      [2, 6, 5, 5],
      [
        node('BatchNormalization', ['x', ...normInputs], 'h', epsilon),
        node('Conv', ['h', 'k'], 'y', { group: int(2), strides: ints([2, 2]) }),
      ],
      { k: noise(4, 3, 3, 3), ...norm },
    ),
    ['Conv'],
  ],
  [
    'no batch norm before a padded Conv',
    graphOf(
      [2, 6, 5, 5],
      [node('BatchNormalization', ['x', ...normInputs], 'h'), node('Conv', ['h', 'k'], 'y', pads1)],
      { k: noise(4, 6, 3, 3), ...norm },
    ),
    ['BatchNormalization', 'Conv'],
  ],
  [
    'no batch norm that others read, too',
    graphOf(
      [2, 4, 3, 3],
      [
        node('Conv', ['x', 'k'], 'h'),
        node('BatchNormalization', ['h', ...normInputs], 'n'),
        node('Add', ['h', 'n'], 'y'),
      ],
      { k: k3.k, ...norm },
    ),
    ['Conv', 'BatchNormalization', 'Add'],
  ],
  [
    'batch norm after ConvTranspose and factors before it',
    graphOf(
      image,
      [
        node('Mul', ['x', 's'], 'h'),
        node('ConvTranspose', ['h', 'k', 'c'], 't', { strides: ints([2, 2]) }),
        node('BatchNormalization', ['t', ...normInputs], 'y'),
      ],
      { s: noise(1, 4, 1, 1), k: noise(4, 6, 3, 3), c: noise(6), ...norm },
    ),
    ['ConvTranspose'],
  ],
  [
    'batch norm on both sides of Gemm',
    graphOf(
      [3, 6],
      [
        node('BatchNormalization', ['x', ...normInputs], 'h'),
        node('Gemm', ['h', 'k', 'c'], 'z'),
        node('BatchNormalization', ['z', ...normInputs], 'y'),
      ],
      { k: noise(6, 6), c: noise(6), ...norm },
    ),
    ['Gemm'],
  ],
  [
    'scale and offset on both sides of MatMul and its bias',
    graphOf(
      [2, 3, 6],
      [
        node('Mul', ['x', 's'], 'a'),
        node('Add', ['a', 'o'], 'b'),
        node('MatMul', ['b', 'k'], 'm'),
        node('Add', ['m', 'c'], 'n'),
        node('Mul', ['n', 't'], 'p'),
        node('Add', ['p', 'u'], 'y'),
      ],
      {
        s: noise(6),
        o: noise(1, 1, 6),
        k: noise(6, 4),
        c: noise(4),
        t: float32([], [1.7]),
        u: positive(4),
      },
      { a: [2, 3, 6], b: [2, 3, 6], m: [2, 3, 4], n: [2, 3, 4], p: [2, 3, 4] },
    ),
    ['MatMul', 'Add'],
  ],
  [
    'rescaling of pixels before the Transpose to a Conv',
    graphOf(
      [2, 5, 5, 4],
      [
        node('Mul', ['x', 's'], 'a'),
        node('Add', ['a', 'o'], 'b'),
        node('Transpose', ['b'], 'h', { perm: ints([0, 3, 1, 2]) }),
        node('Conv', ['h', 'k', 'c'], 'y'),
      ],
      { ...k3, s: float32([], [1 / 127.5]), o: float32([], [-1]) },
    ),
    ['Transpose', 'Conv'],
  ],
  [
    'of rescaling with an offset before a padded Conv, only what is exact',
    graphOf(
      image,
      [
        node('Add', ['x', 'o'], 'a'),
        node('Mul', ['a', 's'], 'h'),
        node('Conv', ['h', 'k'], 'y', pads1),
      ],
      { k: k3.k, s: float32([], [0.5]), o: float32([], [3]) },
    ),
    ['Add', 'Conv'],
  ],
  [
    'zeros around a Conv',
    graphOf(
      image,
      [
        node('Pad', ['x', 'p'], 'h', { mode: string('constant') }),
        node('Conv', ['h', 'k'], 'y', pads1),
      ],
      { k: k3.k, p: zeroPad },
    ),
    ['Conv'],
  ],
  [
    'no zeros around a MaxPool',
    graphOf(
      image,
      [node('Pad', ['x', 'p'], 'h'), node('MaxPool', ['h'], 'y', { kernel_shape: ints([2, 2]) })],
      { p: zeroPad },
    ),
    ['Pad', 'MaxPool'],
  ],
  [
    'no ones around a Conv',
    graphOf(image, [node('Pad', ['x', 'p', 'one'], 'h'), node('Conv', ['h', 'k'], 'y')], {
      k: k3.k,
      p: zeroPad,
      one: float32([], [1]),
    }),
    ['Pad', 'Conv'],
  ],
  [
    'Transpose there and back',
    graphOf(
      image,
      [
        node('Transpose', ['x'], 'a', { perm: ints([0, 2, 3, 1]) }),
        node('Transpose', ['a'], 'b', { perm: ints([0, 3, 1, 2]) }),
        node('Relu', ['b'], 'y'),
      ],
      {},
    ),
    ['Relu'],
  ],
  [
    'Transpose after Transpose, Reshape after Reshape, Identity',
    graphOf(
      image,
      [
        node('Transpose', ['x'], 'a', { perm: ints([0, 2, 3, 1]) }),
        node('Identity', ['a'], 'i'),
        node('Transpose', ['i'], 'b', { perm: ints([0, 2, 1, 3]) }),
        node('Reshape', ['b', 's'], 'c'),
        node('Reshape', ['c', 't'], 'y'),
      ],
      { s: int64([3], [0, -1, 2]), t: int64([2], [0, -1]) },
    ),
    ['Transpose', 'Reshape'],
  ],
  [
    'constants that nodes compute',
    graphOf(
      [3, 6],
      [
        node('Constant', [], 'raw', { value: { type: 'tensor', value: noise(1, 4, 6) } }),
        node('Transpose', ['raw'], 't', { perm: ints([2, 1, 0]) }),
        node('Reshape', ['t', 's'], 'r'),
        node('Mul', ['r', 'half'], 'k'),
        node('Unsqueeze', ['c', 'first'], 'u'),
        node('Squeeze', ['u', 'first'], 'b'),
        node('MatMul', ['x', 'k'], 'm'),
        node('Add', ['m', 'b'], 'y'),
      ],
      { s: int64([2], [6, -1]), half: float32([], [0.5]), c: noise(4), first: int64([1], [0]) },
      { m: [3, 4] },
    ),
    ['MatMul', 'Add'],
  ],
  [
    'a comparison of constants',
    graphOf([3, 4], [node('Less', ['i', 'none'], 'n'), node('Where', ['n', 'a', 'x'], 'y')], {
      i: int64([4], [-2, 0, 3, -1]),
      none: int64([], [0]),
      a: noise(3, 4),
    }),
    ['Where'],
  ],
  [
    'equal computations on equal constants',
    graphOf(
      [3, 4],
      [
        node('Gemm', ['x', 'k'], 'a'),
        node('Gemm', ['x', 'l'], 'b'),
        node('Elu', ['a'], 'p', { alpha: float(0.5) }),
        node('Elu', ['b'], 'q', { alpha: float(0.5) }),
        node('Elu', ['b'], 'r', { alpha: float(0.25) }),
        node('Sum', ['p', 'q', 'r'], 'y'),
      ],
      { k: noise(4, 4), l: noise(4, 4) },
    ),
    ['Gemm', 'Elu', 'Elu', 'Sum'],
  ],
];

describe('optimize', () => {
  it.each(cases)('folds %s', async (_, graph, left) => {
    const short = optimize(graph);
    expect(kinds(short)).toEqual(left);
    const [want, came] = [await run(graph), await run(short)];
    expect(came.length).toBe(want.length);
    want.forEach((value, index) => {
      expect(Math.abs(came[index]! - value)).toBeLessThanOrEqual(1e-5 + 1e-5 * Math.abs(value));
    });
    expect(optimize(short)).toEqual(short);
  });

  it('a wrong factor is found by the comparison', async () => {
    const [, graph] = cases[0]!;
    const wrong = graph.initializers.map((constant) =>
      constant.name === 'v' ? { ...constant, data: noise(6) } : constant,
    );
    const [want, came] = [await run(graph), await run(optimize({ ...graph, initializers: wrong }))];
    expect(want.some((value, index) => !(Math.abs(came[index]! - value) <= 1e-3))).toBe(true);
  });
});
