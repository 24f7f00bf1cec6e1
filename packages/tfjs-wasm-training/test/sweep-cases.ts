import { tf } from './backends.ts';

/** One differentiable call: its output and the gradient of each of its inputs are judged. */
export interface SweepCase {
  readonly name: string;
  readonly shapes: readonly (readonly number[])[];
  readonly apply: (...inputs: never[]) => tf.Tensor;
  /** Finite differences where the cpu backend refuses or is wrong itself; */
  readonly judge: 'cpu' | 'finite differences';
  /** or the same in other words, for the cpu backend only. */
  readonly reference?: SweepCase['apply'];
}

const isLong = process.env['TIER'] === 'long';
/** Every choice in the long tier; else the first few. */
const some = <T>(count: number, choices: readonly T[]): readonly T[] =>
  isLong ? choices : choices.slice(0, count);

type Shapes = SweepCase['shapes'];
type Apply = SweepCase['apply'];
function one(
  name: string,
  shapes: Shapes,
  apply: Apply,
  judge: SweepCase['judge'] = 'cpu',
): SweepCase {
  return { name: `${name} of ${JSON.stringify(shapes)}`, shapes, apply, judge };
}

/** All combinations of one choice from each list. */
function product<T extends readonly (readonly unknown[])[]>(
  ...lists: T
): { [I in keyof T]: T[I][number] }[] {
  return lists.reduce<unknown[][]>(
    (rows, list) => rows.flatMap((row) => list.map((item) => [...row, item])),
    [[]],
  ) as { [I in keyof T]: T[I][number] }[];
}

const anyShapes = [[3, 5], [1], [33], [2, 3, 4, 5], [], [7, 1, 9], [1, 1, 1], [4, 8]];

/** Where an elementwise function is smooth. */
const domains = {
  all: (x: tf.Tensor) => x.mul(2),
  unit: (x: tf.Tensor) => x.mul(0.9),
  positive: (x: tf.Tensor) => x.add(1.2),
  aboveOne: (x: tf.Tensor) => x.add(2.2),
};
type Unary = (x: tf.Tensor) => tf.Tensor;
const unary: Record<keyof typeof domains, Record<string, Unary>> = {
  all: {
    abs: (x) => x.abs(),
    asinh: (x) => x.asinh(),
    atan: (x) => x.atan(),
    cast: (x) => x.cast('int32').cast('float32').mul(x),
    ceil: (x) => x.ceil(),
    clipByValue: (x) => x.clipByValue(-0.7, 0.9),
    cos: (x) => x.cos(),
    cosh: (x) => x.cosh(),
    elu: (x) => x.elu(),
    erf: (x) => x.erf(),
    exp: (x) => x.exp(),
    expm1: (x) => x.expm1(),
    floor: (x) => x.floor(),
    isFinite: (x) => x.isFinite().cast('float32').mul(x),
    isInf: (x) => x.isInf().cast('float32').mul(x),
    isNaN: (x) => x.isNaN().cast('float32').mul(x),
    leakyRelu: (x) => x.leakyRelu(0.3),
    neg: (x) => x.neg(),
    onesLike: (x) => tf.onesLike(x).mul(x),
    relu: (x) => x.relu(),
    relu6: (x) => x.mul(5).relu6(),
    round: (x) => x.round(),
    selu: (x) => x.selu(),
    sigmoid: (x) => x.sigmoid(),
    sign: (x) => x.sign(),
    sin: (x) => x.sin(),
    sinh: (x) => x.sinh(),
    softplus: (x) => x.softplus(),
    square: (x) => x.square(),
    step: (x) => x.step(0.2),
    tan: (x) => x.mul(0.5).tan(),
    tanh: (x) => x.tanh(),
    where: (x) => tf.where(x.greater(0), x.square(), x.neg()),
    zerosLike: (x) => tf.zerosLike(x).add(x),
  },
  unit: {
    acos: (x) => x.acos(),
    asin: (x) => x.asin(),
    atanh: (x) => x.atanh(),
  },
  positive: {
    log: (x) => x.log(),
    log1p: (x) => x.log1p(),
    reciprocal: (x) => x.reciprocal(),
    rsqrt: (x) => x.rsqrt(),
    sqrt: (x) => x.sqrt(),
  },
  aboveOne: { acosh: (x) => x.acosh() },
};

const elementwise: SweepCase[] = Object.entries(unary).flatMap(([domain, functions]) =>
  Object.entries(functions).flatMap(([name, apply]) =>
    some(2, anyShapes).map((shape) =>
      one(name, [shape], (x: tf.Tensor) => apply(domains[domain as keyof typeof domains](x))),
    ),
  ),
);

type Binary = (a: tf.Tensor, b: tf.Tensor) => tf.Tensor;
const binary: Record<string, Binary> = {
  add: tf.add,
  addN: (a, b) => tf.addN([a, a, tf.add(a, tf.zerosLike(a))]).mul(b),
  atan2: (a, b) => tf.atan2(a, b.abs().add(0.3)),
  div: (a, b) => tf.div(a, b.abs().add(0.3)),
  floorDiv: (a, b) => tf.floorDiv(a.mul(3), b.abs().add(0.3)).mul(a),
  maximum: tf.maximum,
  minimum: tf.minimum,
  mod: (a, b) => tf.mod(a, b.abs().add(0.3)),
  mul: tf.mul,
  pow: (a, b) => tf.pow(a.add(1.2), b),
  prelu: (a, b) => tf.prelu(a, b),
  squaredDifference: tf.squaredDifference,
  sub: tf.sub,
};
const pairs: Shapes[] = [
  [
    [3, 5],
    [3, 5],
  ],
  [[2, 3, 4], [4]],
  [
    [2, 3, 4],
    [3, 1],
  ],
  [[7], [1]],
  [
    [2, 1, 4, 3],
    [2, 5, 1, 3],
  ],
  [[4], []],
  [
    [1, 1],
    [6, 2],
  ],
];
/** Its second input must fit into its first. */
const isOneSided = (name: string): boolean => name === 'prelu';
/** Elsewhere TensorFlow.js refuses the gradient of an input that these repeat: there it is repeated beforehand. */
const refusesRepeats = (name: string): boolean =>
  ['maximum', 'minimum', 'squaredDifference'].includes(name);
const repeated =
  (apply: Binary): Binary =>
  (a, b) =>
    apply(a.add(tf.zerosLike(b)), b.add(tf.zerosLike(a)));
const binaries: SweepCase[] = Object.entries(binary).flatMap(([name, apply]) =>
  some(3, isOneSided(name) ? pairs.slice(0, 4) : pairs).map((shapes) => ({
    ...one(name, shapes, apply),
    ...(refusesRepeats(name) ? { reference: repeated(apply) } : {}),
  })),
);

/** Every subset of the axes but the empty one. */
const subsets = (rank: number): number[][] =>
  Array.from({ length: 2 ** rank - 1 }, (_, bits) =>
    Array.from({ length: rank }, (__, axis) => axis).filter((axis) => ((bits + 1) >> axis) & 1),
  );
type Reduce = (x: tf.Tensor, axis: number[], keepDims: boolean) => tf.Tensor;
const reductions: Record<string, Reduce> = {
  max: (x, axis, keep) => x.max(axis, keep),
  mean: (x, axis, keep) => x.mean(axis, keep),
  min: (x, axis, keep) => x.min(axis, keep),
  prod: (x, axis, keep) => x.mul(0.1).add(1).prod(axis, keep),
  sum: (x, axis, keep) => x.sum(axis, keep),
};
const reduced: SweepCase[] = Object.entries(reductions).flatMap(([name, apply]) =>
  product(
    some(1, [
      [3, 4, 5],
      [2, 3, 2, 3],
      [130, 3, 1],
    ]),
    [false, true],
  )
    .flatMap(([shape, keep]) => subsets(shape.length).map((axis) => ({ shape, keep, axis })))
    .filter(({ axis }) => isLong || axis.length !== 2)
    .map(({ shape, keep, axis }) =>
      one(`${name} over ${JSON.stringify(axis)}, keepDims ${keep}`, [shape], (x: tf.Tensor) =>
        apply(x, axis, keep),
      ),
    ),
);

function permutations(items: readonly number[]): number[][] {
  if (items.length < 2) return [[...items]];
  return items.flatMap((item, i) =>
    permutations(items.toSpliced(i, 1)).map((rest) => [item, ...rest]),
  );
}

const transposes: SweepCase[] = some(1, [
  [3, 4, 5],
  [2, 3, 4, 5],
  [1, 6],
]).flatMap((shape) =>
  permutations([...shape.keys()]).map((perm) =>
    one(`transpose ${JSON.stringify(perm)}`, [shape], (x: tf.Tensor) => x.transpose(perm)),
  ),
);

const movements: SweepCase[] = some(2, [
  [2, 3, 4],
  [3, 5, 1],
  [1, 2, 9],
]).flatMap((shape) =>
  shape.flatMap((length, axis) => [
    one(`concat along ${axis}`, [shape, shape], (a: tf.Tensor, b: tf.Tensor) =>
      tf.concat([a, b, a], axis),
    ),
    // On the cpu backend its gradient is turned.
    one(
      `cumsum along ${axis}`,
      [shape],
      (x: tf.Tensor) => x.cumsum(axis, true, true),
      'finite differences',
    ),
    one(`expandDims at ${axis}`, [shape], (x: tf.Tensor) => x.expandDims(axis).square()),
    one(`gather along ${axis}`, [shape], (x: tf.Tensor) =>
      tf.gather(x, tf.tensor1d([length - 1, 0, 0], 'int32'), axis),
    ),
    one(`pad at ${axis}`, [shape], (x: tf.Tensor) =>
      tf.pad(
        x,
        shape.map((_, i): [number, number] => (i === axis ? [2, 1] : [0, 0])),
      ),
    ),
    one(`reverse ${axis}`, [shape], (x: tf.Tensor) => x.reverse(axis).mul(x)),
    one(`slice at ${axis}`, [shape], (x: tf.Tensor) =>
      tf.slice(
        x,
        shape.map((_, i) => (i === axis && length > 1 ? 1 : 0)),
      ),
    ),
    one(`split along ${axis}`, [shape], (x: tf.Tensor) =>
      tf.split(x, [1, length - 1], axis)[length > 1 ? 1 : 0]!.square(),
    ),
    one(`stack along ${axis}`, [shape, shape], (a: tf.Tensor, b: tf.Tensor) =>
      tf.stack([a, b, a], axis),
    ),
    {
      ...one(`unstack along ${axis}`, [shape], (x: tf.Tensor) => tf.unstack(x, axis)[0]!.square()),
      // Of a single part the cpu backend refuses the gradient.
      reference: (x: tf.Tensor) => tf.gather(x, 0, axis).square(),
    },
    one(`tile along ${axis}`, [shape], (x: tf.Tensor) =>
      tf.tile(
        x,
        shape.map((_, i) => (i === axis ? 3 : 1)),
      ),
    ),
    one(`softmax of ${JSON.stringify(shape)} turned ${axis}`, [shape], (x: tf.Tensor) =>
      tf.softmax(x.reshape([-1, length])),
    ),
    one(`logSoftmax turned ${axis}`, [shape], (x: tf.Tensor) =>
      tf.logSoftmax(x.reshape([-1, length])),
    ),
    one(`unsortedSegmentSum of ${axis}`, [shape], (x: tf.Tensor) =>
      tf.unsortedSegmentSum(
        x,
        tf.tensor1d(
          Array.from({ length: shape[0]! }, (_, i) => (i % 2) * 2),
          'int32',
        ),
        3,
      ),
    ),
  ]),
);

const others: SweepCase[] = [
  one('argMax, argMin', [[3, 5]], (x: tf.Tensor) =>
    x.mul(x.argMax(1).add(x.argMin(1)).cast('float32').expandDims(1)),
  ),
  one(
    'any, notEqual',
    [[3, 5]],
    (x: tf.Tensor) => x.mul(x.notEqual(0.3).any(1, true).cast('float32')),
    'finite differences',
  ),
  one('batchToSpaceND', [[8, 2, 3, 3]], (x: tf.Tensor4D) =>
    tf.batchToSpaceND(
      x,
      [2, 2],
      [
        [0, 1],
        [1, 0],
      ],
    ),
  ),
  one('greaterEqual', [[3, 5]], (x: tf.Tensor) => x.mul(x.greaterEqual(0.1).cast('float32'))),
  one('localResponseNormalization', [[2, 3, 4, 7]], (x: tf.Tensor4D) =>
    tf.localResponseNormalization(x, 2, 1.2, 0.7, 0.6),
  ),
  one('mirrorPad', [[3, 5]], (x: tf.Tensor) =>
    tf.mirrorPad(
      x.square(),
      [
        [0, 0],
        [0, 0],
      ],
      'reflect',
    ),
  ),
  one('oneHot', [[3, 5]], (x: tf.Tensor) =>
    x.mul(tf.oneHot(tf.tensor1d([4, 0, 2], 'int32'), 5).cast('float32')),
  ),
  one('spaceToBatchND', [[2, 4, 5, 3]], (x: tf.Tensor4D) =>
    tf.spaceToBatchND(
      x,
      [2, 3],
      [
        [0, 0],
        [1, 0],
      ],
    ),
  ),
];

const multiplied: SweepCase[] = product(
  some(5, [
    [1, 1, 1],
    [5, 7, 9],
    [4, 8, 16],
    [3, 21, 10],
    [12, 19, 2],
    [3, 1, 10],
    [1, 40, 2],
    [13, 4, 1],
    [1, 1500, 1],
    [2, 1100, 6],
  ]),
  [false, true],
  [false, true],
  [[], [3]],
).map(([[rows, shared, columns], turnA, turnB, batch]) => {
  const sides = (a: number, b: number, turned: boolean): number[] => (turned ? [b, a] : [a, b]);
  return one(
    `matMul ${turnA ? 'Aᵀ' : 'A'} ${turnB ? 'Bᵀ' : 'B'}`,
    [
      [...batch, ...sides(rows!, shared!, turnA)],
      [...batch, ...sides(shared!, columns!, turnB)],
    ],
    (a: tf.Tensor, b: tf.Tensor) => tf.matMul(a, b, turnA, turnB),
  );
});

type Pad = 'same' | 'valid' | number;
type Strides = number | [number, number];
const text = (numbers: Strides): string => [numbers].flat().join('×');
const pads: readonly Pad[] = ['same', 'valid', 1];
const roundingOf = (pad: Pad): 'floor' | undefined =>
  pad === 'same' || pad === 'valid' ? undefined : 'floor';
const filters: readonly [number, number][] = [
  [3, 3],
  [1, 1],
  [2, 3],
  [2, 2],
  [5, 5],
];
const steps: readonly [Strides, Strides][] = [
  [1, 1],
  [2, 1],
  [[1, 2], 1],
  [3, 1],
  [[2, 1], 1],
  [1, 2],
  [1, [1, 3]],
];
const channels = [
  [3, 5],
  [8, 16],
  [4, 8],
  [1, 1],
  [1, 9],
  [8, 2],
  [16, 8],
];

/** With a number for padding, TensorFlow.js computes the height of the output and takes it for the width too. */
const isEven = (pad: Pad, ...sizes: readonly Strides[]): boolean =>
  typeof pad === 'string' || sizes.every((size) => new Set([size].flat()).size === 1);
/** Whether the dilated filter fits into the image, padded or not. */
const fits = (
  size: number,
  [height, width]: readonly number[],
  dilation: Strides,
  pad: Pad,
): boolean => {
  const [down, across = down] = [dilation].flat() as [number, number?];
  const reach = Math.max((height! - 1) * down, (width! - 1) * across) + 1;
  return pad === 'same' || reach <= size + (pad === 'valid' ? 0 : 2);
};
/** The cpu backend's gradient refuses dilation. */
const judgeOf = (dilation: Strides): SweepCase['judge'] =>
  dilation === 1 ? 'cpu' : 'finite differences';

const convolved: SweepCase[] = product(some(3, filters), some(3, steps), pads, some(2, channels))
  .filter(
    ([filter, [stride, dilation], pad]) =>
      fits(6, filter, dilation, pad) && isEven(pad, filter, stride, dilation),
  )
  .map(([filter, [stride, dilation], pad, [inputs, outputs]]) =>
    one(
      `conv2d, stride ${text(stride)}, dilation ${text(dilation)}, pad ${pad}`,
      [
        [2, 7, 6, inputs!],
        [...filter, inputs!, outputs!],
      ],
      (x: tf.Tensor4D, w: tf.Tensor4D) =>
        tf.conv2d(x, w, stride, pad, 'NHWC', dilation, roundingOf(pad)),
      judgeOf(dilation),
    ),
  );

/** Three pixels or more, odd and even: the method of tiles of 2 × 2, with few tiles and with several blocks of them. */
const tiled: SweepCase[] = product(
  some(2, [
    [2, 5, 4],
    [3, 16, 13],
    [1, 6, 6],
    [1, 4, 9],
    [5, 9, 5],
  ]),
  pads,
  some(2, [
    [8, 8],
    [24, 16],
    [16, 40],
    [64, 8],
  ]),
)
  .filter(([[, height, width], pad]) => pad !== 'valid' || Math.min(height!, width!) > 2)
  .map(([[batch, height, width], pad, [inputs, outputs]]) =>
    one(
      `conv2d in tiles, pad ${pad}`,
      [
        [batch!, height!, width!, inputs!],
        [3, 3, inputs!, outputs!],
      ],
      (x: tf.Tensor4D, w: tf.Tensor4D) => tf.conv2d(x, w, 1, pad, 'NHWC', 1, roundingOf(pad)),
    ),
  );
/** Their forward kernel: in a gradient TensorFlow.js takes the activation apart. */
const fused: SweepCase[] = product(['linear', 'relu', 'elu'] as const, [8, 6], [true, false]).map(
  ([activation, outputs, hasBias]) =>
    one(
      `fused conv2d ${activation}, ${hasBias ? 'with' : 'without'} bias`,
      [[2, 5, 6, 8], [3, 3, 8, outputs], [outputs]],
      (x: tf.Tensor4D, filter: tf.Tensor4D, bias: tf.Tensor1D) =>
        tf.fused
          .conv2d({ x, filter, strides: 1, pad: 'same', activation, ...(hasBias ? { bias } : {}) })
          .add(bias),
    ),
);

const depthwise: SweepCase[] = product(
  some(2, filters),
  some(2, steps),
  pads,
  some(2, [
    [3, 1],
    [8, 1],
    [5, 2],
    [4, 3],
  ]),
)
  .filter(
    ([filter, [stride, dilation], pad]) =>
      fits(6, filter, dilation, pad) && isEven(pad, filter, stride, dilation),
  )
  .map(([filter, [stride, dilation], pad, [inputs, multiplier]]) =>
    one(
      `depthwiseConv2d, stride ${text(stride)}, dilation ${text(dilation)}, pad ${pad}`,
      [
        [2, 7, 6, inputs!],
        [...filter, inputs!, multiplier!],
      ],
      (x: tf.Tensor4D, w: tf.Tensor4D) =>
        tf.depthwiseConv2d(x, w, stride, pad, 'NHWC', dilation, roundingOf(pad)),
      judgeOf(dilation),
    ),
  );

const transposed: SweepCase[] = product(
  some(2, filters),
  some(2, [1, 2, 3]),
  ['same', 'valid'] as const,
  some(2, channels),
)
  .filter(([filter, stride]) => Math.min(...filter) >= stride)
  .map(([filter, stride, pad, [inputs, outputs]]) => {
    const grow = (length: number, window: number): number =>
      pad === 'same' ? length * stride : (length - 1) * stride + window;
    const shape = [2, grow(4, filter[0]), grow(3, filter[1]), outputs!];
    return one(
      `conv2dTranspose, stride ${stride}, pad ${pad}`,
      [
        [2, 4, 3, inputs!],
        [...filter, outputs!, inputs!],
      ],
      (x: tf.Tensor4D, w: tf.Tensor4D) =>
        tf.conv2dTranspose(x, w, shape as [number, number, number, number], stride, pad),
    );
  });

const solid: SweepCase[] = product(
  some(2, [2, 3, 1]),
  some(2, [1, 2]),
  ['same', 'valid'] as const,
  some(1, [
    [2, 3],
    [1, 1],
    [4, 8],
  ]),
).map(([filter, stride, pad, [inputs, outputs]]) =>
  one(
    `conv3d, stride ${stride}, pad ${pad}`,
    [
      [2, 4, 3, 5, inputs!],
      [filter, filter, filter, inputs!, outputs!],
    ],
    (x: tf.Tensor5D, w: tf.Tensor5D) => tf.conv3d(x, w, stride, pad),
  ),
);

const isPadded = (pad: Pad): SweepCase['judge'] => (pad === 'valid' ? 'cpu' : 'finite differences');
const pooled: SweepCase[] = product(
  some<Strides>(2, [3, 2, 1, [2, 3]]),
  some<Strides>(2, [1, 2, 3, [1, 2]]),
  ['same', 'valid'] as const,
  some(2, [3, 4, 9]),
).flatMap(([size, stride, pad, inputs]) => {
  const name = `${text(size)}, stride ${text(stride)}, pad ${pad}`;
  const shapes = [[3, 7, 6, inputs]];
  return [
    one(`maxPool ${name}`, shapes, (x: tf.Tensor4D) => tf.maxPool(x, size, stride, pad)),
    one(
      `avgPool ${name}`,
      shapes,
      (x: tf.Tensor4D) => tf.avgPool(x, size, stride, pad),
      isPadded(pad),
    ),
  ];
});
const pooledSolid: SweepCase[] = product(
  some(1, [2, 3, 1]),
  some(2, [1, 2, 3]),
  ['same', 'valid'] as const,
  some(1, [3, 4]),
).flatMap(([size, stride, pad, inputs]) => {
  const name = `${size}, stride ${stride}, pad ${pad}`;
  const shapes = [[2, 4, 3, 5, inputs]];
  return [
    one(`maxPool3d ${name}`, shapes, (x: tf.Tensor5D) => tf.maxPool3d(x, size, stride, pad)),
    one(
      `avgPool3d ${name}`,
      shapes,
      (x: tf.Tensor5D) => tf.avgPool3d(x, size, stride, pad),
      isPadded(pad),
    ),
  ];
});

const resized: SweepCase[] = product(
  some(2, [
    [7, 5],
    [2, 2],
    [3, 4],
    [1, 9],
    [6, 8],
  ]),
  [
    [false, false],
    [true, false],
    [false, true],
  ],
  some(1, [3, 4, 1]),
).flatMap(([size, [align, half], inputs]) => {
  const name = `to ${JSON.stringify(size)}, alignCorners ${align}, halfPixelCenters ${half}`;
  const shapes = [[2, 3, 4, inputs]];
  const to = size as [number, number];
  return [
    one(
      `resizeBilinear ${name}`,
      shapes,
      (x: tf.Tensor4D) => tf.image.resizeBilinear(x, to, align, half),
      'finite differences',
    ),
    one(
      `resizeNearestNeighbor ${name}`,
      shapes,
      (x: tf.Tensor4D) => tf.image.resizeNearestNeighbor(x, to, align, half),
      'finite differences',
    ),
  ];
});

const dilated: SweepCase[] = product(
  some(1, [
    [2, 2],
    [3, 2],
    [1, 3],
  ]),
  some(2, [1, 2]),
  ['same', 'valid'] as const,
  some(1, [3, 1, 8]),
).map(([filter, stride, pad, inputs]) =>
  one(
    `dilation2d, stride ${stride}, pad ${pad}`,
    [
      [2, 5, 6, inputs],
      [...filter, inputs],
    ],
    (x: tf.Tensor4D, w: tf.Tensor3D) => tf.dilation2d(x, w, stride, pad, 1, 'NHWC'),
  ),
);

const normalized: SweepCase[] = some(2, [
  [2, 3, 4, 5],
  [6, 8],
  [7, 1],
  [130, 4],
  [3, 2, 9],
]).map((shape) => {
  const each = [shape.at(-1)!];
  return one(
    'batchNorm',
    [shape, each, each, each, each],
    (
      x: tf.Tensor,
      mean: tf.Tensor1D,
      variance: tf.Tensor1D,
      offset: tf.Tensor1D,
      scale: tf.Tensor1D,
    ) => tf.batchNorm(x, mean, variance.abs().add<tf.Tensor1D>(0.2), offset, scale, 0.01),
  );
});

/** The sweep, by families. */
export const sweep: Readonly<Record<string, readonly SweepCase[]>> = {
  'functions of one tensor': elementwise,
  'functions of two tensors': binaries,
  reductions: reduced,
  transposes,
  'moving numbers': movements,
  others,
  'matrix products': multiplied,
  convolutions: convolved,
  'convolutions in tiles': [...tiled, ...fused],
  'depthwise convolutions': depthwise,
  'transposed convolutions': transposed,
  'convolutions of volumes': solid,
  pools: pooled,
  'pools of volumes': pooledSolid,
  resizing: resized,
  dilation: dilated,
  'batch normalization': normalized,
};
