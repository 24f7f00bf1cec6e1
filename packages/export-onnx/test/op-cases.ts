import fc from 'fast-check';
import { attr, type Attr, type DType } from './graph-def.ts';

/** Where the elements of an input come from. */
type Elements =
  | 'real'
  | 'positive'
  | 'unit'
  | 'aboveOne'
  | 'whole'
  | 'counts'
  | 'flags'
  | 'kernel'
  | 'distinct'
  | { readonly below: number }
  | readonly number[];

export interface CaseInput {
  readonly shape: readonly number[];
  readonly dtype: DType;
  readonly elements: Elements;
  /** Fed by the run; else a constant of the model. */
  readonly isFed: boolean;
}

/** One node to try. */
export interface OpCase {
  readonly op: string;
  readonly inputs: readonly CaseInput[];
  readonly attributes: Readonly<Record<string, Attr>>;
  /** How many outputs to compare. */
  readonly outputs: number;
  /** As sets: onnxruntime and tfjs may give them in another order. */
  readonly isUnordered?: boolean;
}

const small = fc.integer({ min: 1, max: 4 });
const size = fc.integer({ min: 1, max: 7 });
const dims = (rank: number): fc.Arbitrary<number[]> =>
  fc.array(small, { minLength: rank, maxLength: rank });
const anyShape = fc.oneof(dims(1), dims(2), dims(3), dims(4));
const image = fc.tuple(small, size, size, small);
const volume = fc.tuple(fc.integer({ min: 1, max: 2 }), small, small, small, small);

const fed = (
  shape: readonly number[],
  elements: Elements = 'real',
  dtype: DType = 'float32',
): CaseInput => ({ shape, dtype, elements, isFed: true });
const held = (
  shape: readonly number[],
  elements: Elements = 'real',
  dtype: DType = 'float32',
): CaseInput => ({ shape, dtype, elements, isFed: false });
const ints = (...values: readonly number[]): CaseInput => held([values.length], values, 'int32');
const one = (value: number, dtype: DType = 'int32'): CaseInput => held([], [value], dtype);
const typed = (dtype: DType): Record<string, Attr> => ({ T: attr.type(dtype) });

type Make = (draw: Draw) => Omit<OpCase, 'op'>;
type Draw = <T>(arbitrary: fc.Arbitrary<T>) => T;

/** Cases built step by step, each choice from an arbitrary. */
function built(op: string, make: Make): fc.Arbitrary<OpCase> {
  return fc.gen().map((gen) => {
    const draw: Draw = (arbitrary) => gen(() => arbitrary);
    return { op, ...make(draw) };
  });
}

const flip = fc.boolean();
const dtypeOf = (draw: Draw, mayBeInt: boolean): DType =>
  mayBeInt && draw(fc.nat(3)) === 0 ? 'int32' : 'float32';

const unary =
  (
    elements: Elements = 'real',
    mayBeInt = false,
    attributes: (draw: Draw) => Record<string, Attr> = () => ({}),
  ): Make =>
  (draw) => {
    const dtype = dtypeOf(draw, mayBeInt);
    return {
      inputs: [fed(draw(anyShape), dtype === 'int32' ? 'whole' : elements, dtype)],
      attributes: { ...typed(dtype), ...attributes(draw) },
      outputs: 1,
    };
  };

/** Two operands that broadcast, one of them perhaps a constant. */
function operands(draw: Draw, dtype: DType, left: Elements, right: Elements): readonly CaseInput[] {
  const shape = draw(anyShape);
  const cut = draw(fc.nat(shape.length));
  const ones = draw(fc.array(fc.nat(3), { minLength: 4, maxLength: 4 }));
  const other = shape.slice(cut).map((dim, axis) => (ones[axis] === 0 ? 1 : dim));
  const second = draw(flip) ? held(other, right, dtype) : fed(other, right, dtype);
  const first = fed(shape, left, dtype);
  return draw(flip) || left !== right ? [first, second] : [second, first];
}

const binary =
  (mayBeInt = true, left: Elements = 'real', right: Elements = left): Make =>
  (draw) => {
    const dtype = dtypeOf(draw, mayBeInt);
    const of = (elements: Elements): Elements =>
      dtype !== 'int32' ? elements : elements === 'positive' ? 'counts' : 'whole';
    return {
      inputs: operands(draw, dtype, of(left), of(right)),
      attributes: typed(dtype),
      outputs: 1,
    };
  };

const logicalPair: Make = (draw) => ({
  inputs: operands(draw, 'bool', 'flags', 'flags'),
  attributes: {},
  outputs: 1,
});

const reduction =
  (dtypes: 'float' | 'any' | 'bool', elements: Elements = 'real'): Make =>
  (draw) => {
    const shape = draw(anyShape);
    const axes = draw(
      fc.subarray(
        shape.map((_, axis) => axis),
        { minLength: 1 },
      ),
    );
    const signed = axes.map((axis) => (draw(flip) ? axis : axis - shape.length));
    const dtype = dtypes === 'bool' ? 'bool' : dtypeOf(draw, dtypes === 'any');
    const kind = dtype === 'bool' ? 'flags' : dtype === 'int32' ? 'whole' : elements;
    return {
      inputs: [fed(shape, kind, dtype), ints(...signed)],
      attributes: { ...typed(dtype), keep_dims: attr.bool(draw(flip)) },
      outputs: 1,
    };
  };

const extreme: Make = (draw) => {
  const shape = draw(anyShape);
  const axis = draw(fc.nat(shape.length - 1));
  return {
    inputs: [fed(shape, 'distinct'), one(axis)],
    attributes: { output_type: attr.type('int32') },
    outputs: 1,
  };
};

const scan =
  (elements: Elements): Make =>
  (draw) => {
    const shape = draw(anyShape);
    return {
      inputs: [fed(shape, elements), one(draw(fc.nat(shape.length - 1)))],
      attributes: { exclusive: attr.bool(draw(flip)), reverse: attr.bool(draw(flip)) },
      outputs: 1,
    };
  };

function windows(draw: Draw, rank: number, mayDilate: boolean): Record<string, Attr> {
  const isDilated = mayDilate && draw(fc.nat(3)) === 0;
  const list = (max: number): number[] => [
    1,
    ...draw(fc.array(fc.integer({ min: 1, max }), { minLength: rank, maxLength: rank })),
    1,
  ];
  return {
    strides: attr.ints(isDilated ? list(1) : list(3)),
    dilations: attr.ints(isDilated ? list(3) : list(1)),
    padding: attr.text(draw(fc.constantFrom('SAME', 'VALID'))),
    data_format: attr.text(rank === 2 ? 'NHWC' : 'NDHWC'),
    ...typed('float32'),
  };
}

const fusions = ['', 'Relu', 'Relu6', 'Elu', 'Prelu', 'LeakyRelu', 'Sigmoid'] as const;

const convolution =
  (rank: number, isDepthwise: boolean, isFused: boolean): Make =>
  (draw) => {
    const shape = rank === 2 ? draw(image) : draw(volume);
    const channels = shape.at(-1)!;
    const kernel = shape
      .slice(1, -1)
      .map((dim) => Math.min(dim, draw(fc.integer({ min: 1, max: 3 }))));
    const outer = draw(small);
    const isGrouped =
      !isDepthwise && rank === 2 && !isFused && channels % 2 === 0 && draw(fc.nat(3)) === 0;
    const inner = isGrouped ? channels : channels;
    const attributes = windows(draw, rank, rank === 2);
    const isExplicit = rank === 2 && !isDepthwise && !isFused && draw(fc.nat(3)) === 0;
    const pads = draw(fc.array(fc.nat(2), { minLength: 4, maxLength: 4 }));
    const filters = isDepthwise ? channels * outer : outer;
    const fusion = isFused
      ? draw(fc.constantFrom(...fusions.filter((name) => !isDepthwise || name !== 'LeakyRelu')))
      : '';
    const filter = held([...kernel, inner, outer], 'kernel');
    const slope = held(draw(flip) ? [filters] : [1, 1, filters], 'unit');
    return {
      inputs: [
        fed(shape),
        filter,
        ...(isFused ? [held([filters], 'unit')] : []),
        ...(fusion === 'Prelu' ? [slope] : []),
      ],
      attributes: {
        ...attributes,
        ...(isExplicit && {
          padding: attr.text('EXPLICIT'),
          explicit_paddings: attr.ints([0, 0, ...pads, 0, 0]),
        }),
        ...(isFused && {
          fused_ops: attr.texts(fusion === '' ? ['BiasAdd'] : ['BiasAdd', fusion]),
          num_args: attr.int(fusion === 'Prelu' ? 2 : 1),
          leakyrelu_alpha: attr.float(0.3),
        }),
      },
      outputs: 1,
    };
  };

const transposedConvolution: Make = (draw) => {
  const [batch, height, width, channels] = draw(image);
  const [kh, kw] = [draw(fc.integer({ min: 1, max: 4 })), draw(fc.integer({ min: 1, max: 4 }))];
  const [sh, sw] = [draw(fc.integer({ min: 1, max: 3 })), draw(fc.integer({ min: 1, max: 3 }))];
  const isSame = draw(flip);
  const filters = draw(small);
  const out = (side: number, kernel: number, stride: number): number =>
    isSame
      ? side * stride - draw(fc.nat(stride - 1))
      : (side - 1) * stride + kernel + draw(fc.nat(stride - 1));
  const shape = [batch, out(height, kh, sh), out(width, kw, sw), filters];
  return {
    inputs: [
      ints(...shape),
      held([kh, kw, filters, channels], 'kernel'),
      fed([batch, height, width, channels]),
    ],
    attributes: {
      strides: attr.ints([1, sh, sw, 1]),
      padding: attr.text(isSame ? 'SAME' : 'VALID'),
      dilations: attr.ints([1, 1, 1, 1]),
      data_format: attr.text('NHWC'),
    },
    outputs: 1,
  };
};

const pool =
  (rank: number): Make =>
  (draw) => {
    const shape = rank === 2 ? draw(image) : draw(volume);
    const kernel = shape
      .slice(1, -1)
      .map((dim) => Math.min(dim, draw(fc.integer({ min: 1, max: 3 }))));
    return {
      inputs: [fed(shape)],
      attributes: { ...windows(draw, rank, false), ksize: attr.ints([1, ...kernel, 1]) },
      outputs: 1,
    };
  };

const batchNorm: Make = (draw) => {
  const shape = draw(image);
  const channels = shape[3];
  return {
    inputs: [
      fed(shape),
      held([channels], 'unit'),
      held([channels], 'unit'),
      held([channels], 'unit'),
      held([channels], 'positive'),
    ],
    attributes: {
      epsilon: attr.float(draw(fc.constantFrom(1e-3, 1e-2))),
      is_training: attr.bool(false),
      data_format: attr.text('NHWC'),
    },
    outputs: 1,
  };
};

const matMul =
  (isBatched: boolean, isFused: boolean): Make =>
  (draw) => {
    const [n, k, m] = [draw(size), draw(size), draw(size)];
    const batch = isBatched ? draw(dims(draw(fc.integer({ min: 0, max: 2 })))) : [];
    const [ta, tb] = [draw(flip), draw(flip)];
    const left = [...batch, ...(ta ? [k, n] : [n, k])];
    const right = [...batch, ...(tb ? [m, k] : [k, m])];
    const names = isBatched ? ['adj_x', 'adj_y'] : ['transpose_a', 'transpose_b'];
    const fusion = isFused
      ? draw(fc.constantFrom(...fusions.filter((name) => name !== 'Prelu')))
      : '';
    return {
      inputs: [
        fed(left, 'unit'),
        draw(flip) ? held(right, 'kernel') : fed(right, 'unit'),
        ...(isFused ? [held([m], 'unit')] : []),
      ],
      attributes: {
        [names[0]!]: attr.bool(ta),
        [names[1]!]: attr.bool(tb),
        ...typed('float32'),
        ...(isFused && {
          fused_ops: attr.texts(fusion === '' ? ['BiasAdd'] : ['BiasAdd', fusion]),
          num_args: attr.int(1),
          leakyrelu_alpha: attr.float(0.3),
        }),
      },
      outputs: 1,
    };
  };

const einsum: Make = (draw) => {
  const [equation, shapes] = draw(
    fc.constantFrom(
      [
        'ab,bc->ac',
        [
          [2, 3],
          [3, 4],
        ],
      ] as const,
      [
        'abc,cde->abde',
        [
          [2, 3, 4],
          [4, 2, 3],
        ],
      ] as const,
      [
        'aecd,abcd->acbe',
        [
          [2, 3, 2, 4],
          [2, 5, 2, 4],
        ],
      ] as const,
      [
        'acbe,aecd->abcd',
        [
          [2, 2, 5, 3],
          [2, 3, 2, 4],
        ],
      ] as const,
      [
        'abcd,cde->abe',
        [
          [2, 3, 2, 4],
          [2, 4, 3],
        ],
      ] as const,
    ),
  );
  return {
    inputs: [fed(shapes[0], 'unit'), draw(flip) ? fed(shapes[1], 'unit') : held(shapes[1], 'unit')],
    attributes: { equation: attr.text(equation) },
    outputs: 1,
  };
};

const gather =
  (op: 'Gather' | 'GatherV2'): Make =>
  (draw) => {
    const shape = draw(anyShape);
    const axis = op === 'Gather' ? 0 : draw(fc.nat(shape.length - 1));
    const at = draw(fc.oneof(dims(0), dims(1), dims(2)));
    const isBatched = op === 'GatherV2' && shape.length > 1 && draw(fc.nat(3)) === 0;
    const given = isBatched ? [shape[0]!, draw(small)] : at;
    const place = isBatched ? 1 : axis;
    const indices = { ...fed(given, { below: shape[place]! }, 'int32'), isFed: draw(flip) };
    return {
      inputs: [fed(shape), indices, ...(op === 'GatherV2' ? [one(place)] : [])],
      attributes: { batch_dims: attr.int(isBatched ? 1 : 0) },
      outputs: 1,
    };
  };

const stridedSlice: Make = (draw) => {
  const shape = draw(anyShape);
  const [begin, end, strides]: [number[], number[], number[]] = [[], [], []];
  const masks = {
    begin_mask: 0,
    end_mask: 0,
    ellipsis_mask: 0,
    new_axis_mask: 0,
    shrink_axis_mask: 0,
  };
  const set = (name: keyof typeof masks): void => {
    masks[name] |= 1 << begin.length;
  };
  let axis = 0;
  // tfjs takes the wrong elements where an axis goes and another has a stride.
  const mayShrink = draw(flip);
  const isOpen = draw(fc.nat(3)) === 0 ? draw(fc.nat(shape.length - 1)) : -1;
  while (axis < shape.length && (begin.length === 0 || draw(fc.nat(4)) > 0)) {
    const dim = shape[axis]!;
    const kind = draw(fc.nat(5));
    if (axis === isOpen && masks.ellipsis_mask === 0) {
      set('ellipsis_mask');
      begin.push(0);
      end.push(0);
      strides.push(1);
      break;
    }
    if (kind === 0) {
      set('new_axis_mask');
      begin.push(0);
      end.push(1);
      strides.push(1);
      if (begin.length > 3) break;
      continue;
    }
    if (kind === 1 && mayShrink) {
      set('shrink_axis_mask');
      const at = draw(fc.integer({ min: -dim, max: dim - 1 }));
      begin.push(at);
      end.push(at + 1);
      strides.push(1);
    } else {
      const isBack = !mayShrink && draw(fc.nat(3)) === 0;
      const from = draw(fc.nat(dim - 1));
      if (draw(flip)) set('begin_mask');
      if (draw(flip)) set('end_mask');
      begin.push(isBack ? dim - 1 : draw(flip) ? from : from - dim);
      end.push(isBack ? -dim - 1 : dim + draw(fc.nat(2)));
      strides.push((isBack ? -1 : 1) * (mayShrink ? 1 : draw(fc.integer({ min: 1, max: 2 }))));
    }
    axis++;
  }
  return {
    inputs: [fed(shape), ints(...begin), ints(...end), ints(...strides)],
    attributes: Object.fromEntries(
      Object.entries(masks).map(([name, mask]) => [name, attr.int(mask)]),
    ),
    outputs: 1,
  };
};

const slice: Make = (draw) => {
  const shape = draw(anyShape);
  const begin = shape.map((dim) => draw(fc.nat(dim - 1)));
  const sizes = shape.map((dim, axis) =>
    draw(flip) ? -1 : draw(fc.integer({ min: 1, max: dim - begin[axis]! })),
  );
  return { inputs: [fed(shape), ints(...begin), ints(...sizes)], attributes: {}, outputs: 1 };
};

const join =
  (op: 'Concat' | 'ConcatV2'): Make =>
  (draw) => {
    const shape = draw(anyShape);
    const axis = draw(fc.nat(shape.length - 1));
    const parts = draw(fc.array(small, { minLength: 2, maxLength: 4 })).map((dim) =>
      draw(fc.nat(3)) === 0 ? held(shape.with(axis, dim)) : fed(shape.with(axis, dim)),
    );
    const given = one(op === 'ConcatV2' && draw(flip) ? axis - shape.length : axis);
    return {
      inputs: op === 'Concat' ? [given, ...parts] : [...parts, given],
      attributes: { N: attr.int(parts.length) },
      outputs: 1,
    };
  };

const pack: Make = (draw) => {
  const shape = draw(fc.oneof(dims(0), dims(1), dims(2), dims(3)));
  const count = draw(small);
  return {
    inputs: Array.from({ length: count }, () => fed(shape)),
    attributes: { axis: attr.int(draw(fc.nat(shape.length))), N: attr.int(count) },
    outputs: 1,
  };
};

const split: Make = (draw) => {
  const shape = draw(anyShape);
  const axis = draw(fc.nat(shape.length - 1));
  const count = draw(fc.integer({ min: 1, max: 3 }));
  return {
    inputs: [one(axis), fed(shape.with(axis, count * shape[axis]!))],
    attributes: { num_split: attr.int(count) },
    outputs: count,
  };
};

const splitV: Make = (draw) => {
  const shape = draw(anyShape);
  const axis = draw(fc.nat(shape.length - 1));
  const sizes = draw(fc.array(small, { minLength: 2, maxLength: 3 }));
  const total = sizes.reduce((sum, part) => sum + part, 0);
  const given = draw(flip) ? sizes.with(0, -1) : sizes;
  return {
    inputs: [fed(shape.with(axis, total)), ints(...given), one(axis)],
    attributes: { num_split: attr.int(sizes.length) },
    outputs: sizes.length,
  };
};

const unpack: Make = (draw) => {
  const shape = draw(anyShape);
  const axis = draw(fc.nat(shape.length - 1));
  return {
    inputs: [fed(shape)],
    attributes: { axis: attr.int(axis), num: attr.int(shape[axis]!) },
    outputs: shape[axis]!,
  };
};

const padding =
  (op: 'Pad' | 'PadV2' | 'MirrorPad'): Make =>
  (draw) => {
    const shape = draw(op === 'MirrorPad' ? fc.oneof(dims(1), dims(2), dims(3)) : anyShape);
    const mode = draw(fc.constantFrom('REFLECT', 'SYMMETRIC'));
    const most = (dim: number): number =>
      op !== 'MirrorPad' ? 2 : mode === 'REFLECT' ? dim - 1 : dim;
    const pads = shape.flatMap((dim) => [draw(fc.nat(most(dim))), draw(fc.nat(most(dim)))]);
    return {
      inputs: [
        fed(shape),
        held([shape.length, 2], pads, 'int32'),
        ...(op === 'PadV2' ? [one(draw(fc.constantFrom(0, -1.5)), 'float32')] : []),
      ],
      attributes: op === 'MirrorPad' ? { mode: attr.text(mode) } : typed('float32'),
      outputs: 1,
    };
  };

const spaceToBatch: Make = (draw) => {
  const block = [draw(fc.integer({ min: 1, max: 2 })), draw(fc.integer({ min: 1, max: 3 }))];
  const cells = [draw(small), draw(small)];
  const pads = block.flatMap((side) => {
    const before = draw(fc.nat(side - 1));
    return [before, side - 1 - before];
  });
  const sides = block.map((side, index) => side * cells[index]! - (side - 1));
  const shape = [draw(small), ...sides.map((side) => Math.max(1, side)), draw(small)];
  return {
    inputs: [fed(shape), ints(...block), held([2, 2], pads, 'int32')],
    attributes: {},
    outputs: 1,
  };
};

const batchToSpace: Make = (draw) => {
  const block = [draw(fc.integer({ min: 1, max: 2 })), draw(fc.integer({ min: 1, max: 3 }))];
  const shape = [draw(small) * block[0]! * block[1]!, draw(size), draw(size), draw(small)];
  const crops = block.flatMap((side) => {
    const before = draw(fc.nat(side - 1));
    return [before, side - 1 - before];
  });
  return {
    inputs: [fed(shape), ints(...block), held([2, 2], crops, 'int32')],
    attributes: {},
    outputs: 1,
  };
};

const resize: Make = (draw) => {
  const shape = draw(image);
  const kind = draw(fc.nat(2));
  return {
    inputs: [
      // Places are float32 on onnxruntime: steeper images are apart, in ops/image.test.ts.
      fed(shape, 'unit'),
      ints(draw(fc.integer({ min: 1, max: 12 })), draw(fc.integer({ min: 1, max: 12 }))),
    ],
    attributes: {
      align_corners: attr.bool(kind === 1),
      half_pixel_centers: attr.bool(kind === 2),
      ...typed('float32'),
    },
    outputs: 1,
  };
};

const boxes =
  (op: string): Make =>
  (draw) => {
    const count = draw(fc.integer({ min: 1, max: 12 }));
    const flat = Array.from({ length: count }, (_, index) => {
      const [y, x] = [draw(fc.nat(6)) / 4, draw(fc.nat(6)) / 4];
      // No two overlap by exactly the threshold.
      return [
        y,
        x,
        y + 0.3 + index * 0.0137 + draw(fc.nat(3)) / 4,
        x + 0.3 + index * 0.0071 + draw(fc.nat(3)) / 4,
      ];
    });
    const scores = fed([count], 'distinct');
    const rest = [
      // tfjs pads to as many as there are.
      one(draw(fc.integer({ min: 1, max: op === 'NonMaxSuppressionV4' ? count : 8 }))),
      one(draw(fc.constantFrom(0.2, 0.5, 0.8)), 'float32'),
    ];
    const threshold = one(draw(fc.constantFrom(-10, 0.1)), 'float32');
    return {
      inputs: [
        held([count, 4], flat.flat()),
        scores,
        ...rest,
        ...(op === 'NonMaxSuppressionV2' ? [] : [threshold]),
        ...(op === 'NonMaxSuppressionV5' ? [one(0, 'float32')] : []),
      ],
      attributes: { pad_to_max_output_size: attr.bool(draw(flip)) },
      outputs: op === 'NonMaxSuppressionV4' || op === 'NonMaxSuppressionV5' ? 2 : 1,
    };
  };

const scatter =
  (op: string): Make =>
  (draw) => {
    const shape = draw(fc.oneof(dims(1), dims(2), dims(3)));
    const depth =
      op === 'SparseToDense' ? shape.length : draw(fc.integer({ min: 1, max: shape.length }));
    const places = shape.slice(0, depth).reduce((total, dim) => total * dim, 1);
    // Which of two writes to one place wins is nobody's promise; sums are.
    const count = op === 'ScatterNd' ? draw(small) : 1;
    const flat = draw(fc.array(fc.nat(places - 1), { minLength: count, maxLength: count }));
    const indices = flat.flatMap((place) => {
      const list: number[] = [];
      let rest = place;
      for (const dim of shape.slice(0, depth).toReversed()) {
        list.unshift(rest % dim);
        rest = Math.floor(rest / dim);
      }
      return list;
    });
    const at = held([count, depth], indices, 'int32');
    const updates = fed([count, ...shape.slice(depth)]);
    if (op === 'ScatterNd')
      return { inputs: [at, updates, ints(...shape)], attributes: {}, outputs: 1 };
    if (op === 'TensorScatterUpdate')
      return { inputs: [fed(shape), at, updates], attributes: {}, outputs: 1 };
    return {
      inputs: [at, ints(...shape), fed([count]), one(draw(fc.constantFrom(0, 2.5)), 'float32')],
      attributes: {},
      outputs: 1,
    };
  };

const bins =
  (op: 'Bincount' | 'DenseBincount'): Make =>
  (draw) => {
    const count = draw(size);
    const shape = op === 'DenseBincount' && draw(flip) ? [draw(small), count] : [count];
    return {
      inputs: [
        fed(shape, { below: 6 }, 'int32'),
        one(draw(fc.integer({ min: 3, max: 6 }))),
        draw(flip) ? fed(shape) : held([0], []),
      ],
      attributes:
        op === 'DenseBincount'
          ? { binary_output: attr.bool(shape.length === 2 && draw(flip)) }
          : {},
      outputs: 1,
    };
  };

const range: Make = (draw) => {
  const start = draw(fc.integer({ min: -4, max: 4 }));
  const step = draw(fc.constantFrom(1, 2, -1));
  const count = draw(size);
  return {
    inputs: [one(start), one(start + step * count), one(step)],
    attributes: { Tidx: attr.type('int32') },
    outputs: 1,
  };
};

const withX =
  (
    inputs: (draw: Draw, shape: readonly number[]) => readonly CaseInput[],
    attributes: Record<string, Attr> = {},
  ): Make =>
  (draw) => {
    const shape = draw(anyShape);
    return { inputs: [fed(shape), ...inputs(draw, shape)], attributes, outputs: 1 };
  };

const makes: Readonly<Record<string, Make>> = {
  // arithmetic
  Add: binary(),
  AddN: (draw) => {
    const shape = draw(anyShape);
    const dtype = dtypeOf(draw, true);
    return {
      inputs: Array.from({ length: draw(small) }, () =>
        fed(shape, dtype === 'int32' ? 'whole' : 'real', dtype),
      ),
      attributes: typed(dtype),
      outputs: 1,
    };
  },
  AddV2: binary(),
  Atan2: binary(false),
  BiasAdd: (draw) => {
    const shape = draw(fc.oneof(dims(2), dims(3), dims(4)));
    return {
      inputs: [fed(shape), held([shape.at(-1)!])],
      attributes: { data_format: attr.text('NHWC') },
      outputs: 1,
    };
  },
  Div: binary(true, 'real', 'positive'),
  DivNoNan: binary(false),
  FloorDiv: binary(true, 'real', 'positive'),
  FloorMod: binary(true, 'real', 'positive'),
  Maximum: binary(),
  Minimum: binary(),
  Mod: binary(true, 'real', 'positive'),
  Mul: binary(),
  Pow: binary(false, 'positive', 'unit'),
  RealDiv: binary(false, 'real', 'positive'),
  SquaredDifference: binary(),
  Sub: binary(),
  // basic math
  Abs: unary('real', true),
  Acos: unary('unit'),
  Acosh: unary('aboveOne'),
  Asin: unary('unit'),
  Asinh: unary(),
  Atan: unary(),
  Atanh: unary('unit'),
  Ceil: unary('real', true),
  ClipByValue: (draw) => ({
    inputs: [
      fed(draw(anyShape)),
      one(-draw(fc.nat(2)), 'float32'),
      one(draw(fc.nat(2)) + 0.5, 'float32'),
    ],
    attributes: {},
    outputs: 1,
  }),
  Cos: unary(),
  Cosh: unary(),
  Elu: unary(),
  Erf: unary(),
  Exp: unary(),
  Expm1: unary(),
  Floor: unary('real', true),
  IsFinite: unary(),
  IsInf: unary(),
  IsNan: unary(),
  LeakyRelu: unary('real', false, (draw) =>
    draw(flip) ? { alpha: attr.float(draw(fc.constantFrom(0.1, 0.5))) } : {},
  ),
  Log: unary('positive'),
  Log1p: unary('positive'),
  Neg: unary('real', true),
  Prelu: (draw) => {
    const shape = draw(fc.oneof(dims(2), dims(3), dims(4)));
    const slope = draw(flip)
      ? [shape.at(-1)!]
      : shape.slice(1).map((dim, axis) => (axis === shape.length - 2 ? dim : 1));
    return { inputs: [fed(shape), held(slope, 'unit')], attributes: {}, outputs: 1 };
  },
  Reciprocal: unary('positive'),
  Relu: unary('real', true),
  Relu6: unary(),
  Round: unary('real', true),
  Rsqrt: unary('positive'),
  Selu: unary(),
  Sigmoid: unary(),
  Sign: unary(),
  Sin: unary(),
  Sinh: unary(),
  Softplus: unary(),
  Sqrt: unary('positive'),
  Square: unary('real', true),
  Tan: unary('unit'),
  Tanh: unary(),
  // logical
  Equal: binary(),
  Greater: binary(),
  GreaterEqual: binary(),
  Less: binary(),
  LessEqual: binary(),
  LogicalAnd: logicalPair,
  LogicalNot: (draw) => ({
    inputs: [fed(draw(anyShape), 'flags', 'bool')],
    attributes: {},
    outputs: 1,
  }),
  LogicalOr: logicalPair,
  NotEqual: binary(),
  Select: (draw) => {
    const shape = draw(anyShape);
    return {
      inputs: [fed(shape, 'flags', 'bool'), fed(shape), fed(shape)],
      attributes: {},
      outputs: 1,
    };
  },
  SelectV2: (draw) => {
    const [a, b] = operands(draw, 'float32', 'real', 'real');
    const longest = a!.shape.length > b!.shape.length ? a! : b!;
    const condition = draw(flip) ? longest.shape : longest.shape.slice(1);
    return { inputs: [fed(condition, 'flags', 'bool'), a!, b!], attributes: {}, outputs: 1 };
  },
  // convolution
  AvgPool: pool(2),
  AvgPool3D: pool(3),
  Conv2D: convolution(2, false, false),
  Conv2DBackpropInput: transposedConvolution,
  Conv3D: convolution(3, false, false),
  DepthwiseConv2dNative: convolution(2, true, false),
  FusedDepthwiseConv2dNative: convolution(2, true, true),
  MaxPool: pool(2),
  MaxPool3D: pool(3),
  _FusedConv2D: convolution(2, false, true),
  // normalization
  FusedBatchNorm: batchNorm,
  FusedBatchNormV2: batchNorm,
  FusedBatchNormV3: batchNorm,
  LRN: (draw) => ({
    inputs: [fed(draw(image))],
    attributes: {
      depth_radius: attr.int(draw(fc.nat(3))),
      bias: attr.float(1),
      alpha: attr.float(0.3),
      beta: attr.float(0.5),
    },
    outputs: 1,
  }),
  LogSoftmax: unary(),
  Softmax: unary(),
  SparseSegmentMean: (draw) => segments(draw),
  SparseSegmentSum: (draw) => segments(draw),
  // image
  DepthToSpace: (draw) => {
    const block = draw(fc.integer({ min: 2, max: 3 }));
    const [batch, height, width, channels] = draw(image);
    return {
      inputs: [fed([batch, height, width, channels * block * block])],
      attributes: { block_size: attr.int(block), data_format: attr.text('NHWC') },
      outputs: 1,
    };
  },
  ResizeBilinear: resize,
  ResizeNearestNeighbor: resize,
  // matrices
  BatchMatMul: matMul(true, false),
  BatchMatMulV2: matMul(true, false),
  Einsum: einsum,
  MatMul: matMul(false, false),
  MatrixBandPart: (draw) => {
    const width = draw(fc.integer({ min: 0, max: 2 }));
    return {
      inputs: [fed(draw(fc.oneof(dims(2), dims(3)))), one(width), one(width)],
      attributes: {},
      outputs: 1,
    };
  },
  _FusedMatMul: matMul(false, true),
  // reduction
  All: reduction('bool'),
  Any: reduction('bool'),
  ArgMax: extreme,
  ArgMin: extreme,
  Bincount: bins('Bincount'),
  Cumprod: scan('positive'),
  Cumsum: scan('real'),
  DenseBincount: bins('DenseBincount'),
  EuclideanNorm: reduction('float'),
  Max: reduction('any'),
  Mean: reduction('any'),
  Min: reduction('any'),
  Prod: reduction('any', 'unit'),
  Sum: reduction('any', 'unit'),
  // joining and splitting
  Concat: join('Concat'),
  ConcatV2: join('ConcatV2'),
  Pack: pack,
  Reverse: (draw) => {
    const shape = draw(anyShape);
    return {
      inputs: [
        fed(shape),
        held(
          [shape.length],
          shape.map(() => draw(fc.nat(1))),
          'bool',
        ),
      ],
      attributes: {},
      outputs: 1,
    };
  },
  ReverseV2: withX((draw, shape) => [
    ints(
      ...draw(
        fc.subarray(
          shape.map((_, axis) => axis),
          { minLength: 1 },
        ),
      ),
    ),
  ]),
  Split: split,
  SplitV: splitV,
  Tile: withX((draw, shape) => [ints(...shape.map(() => draw(fc.integer({ min: 1, max: 3 }))))]),
  Unpack: unpack,
  // slicing
  Gather: gather('Gather'),
  GatherNd: (draw) => {
    const shape = draw(anyShape);
    const depth = draw(fc.integer({ min: 1, max: shape.length }));
    const least = Math.min(...shape.slice(0, depth));
    const at = draw(fc.oneof(dims(1), dims(2)));
    return {
      inputs: [fed(shape), fed([...at, depth], { below: least }, 'int32')],
      attributes: {},
      outputs: 1,
    };
  },
  GatherV2: gather('GatherV2'),
  ScatterNd: scatter('ScatterNd'),
  Slice: slice,
  SparseToDense: scatter('SparseToDense'),
  StridedSlice: stridedSlice,
  TensorScatterUpdate: scatter('TensorScatterUpdate'),
  // transformation
  BatchToSpaceND: batchToSpace,
  BroadcastTo: (draw) => {
    const shape = draw(anyShape);
    const from = shape.slice(draw(fc.nat(shape.length - 1))).map((dim) => (draw(flip) ? 1 : dim));
    return { inputs: [fed(from), ints(...shape)], attributes: {}, outputs: 1 };
  },
  Cast: (draw) => {
    const [from, to] = [
      draw(fc.constantFrom<DType>('float32', 'int32', 'bool')),
      draw(fc.constantFrom<DType>('float32', 'int32', 'bool')),
    ];
    const elements = { float32: 'real', int32: 'whole', bool: 'flags' } as const;
    return {
      inputs: [fed(draw(anyShape), elements[from], from)],
      attributes: { SrcT: attr.type(from), DstT: attr.type(to) },
      outputs: 1,
    };
  },
  ExpandDims: (draw) => {
    const shape = draw(fc.oneof(dims(1), dims(2), dims(3)));
    return {
      inputs: [fed(shape), one(draw(fc.integer({ min: -shape.length - 1, max: shape.length })))],
      attributes: {},
      outputs: 1,
    };
  },
  MirrorPad: padding('MirrorPad'),
  Pad: padding('Pad'),
  PadV2: padding('PadV2'),
  Reshape: (draw) => {
    const shape = draw(anyShape);
    const total = shape.reduce((product, dim) => product * dim, 1);
    const first = draw(
      fc.constantFrom(
        ...Array.from({ length: total }, (_, index) => index + 1).filter(
          (part) => total % part === 0,
        ),
      ),
    );
    const target = draw(
      fc.constantFrom(
        [first, -1],
        [-1],
        [first, total / first],
        [1, first, total / first],
        [shape[0]!, -1],
      ),
    );
    return { inputs: [fed(shape), ints(...target)], attributes: {}, outputs: 1 };
  },
  SpaceToBatchND: spaceToBatch,
  Squeeze: (draw) => {
    const shape = draw(anyShape);
    const at = draw(fc.nat(shape.length));
    const open = shape.toSpliced(at, 0, 1).slice(0, 4);
    const isNamed = draw(flip) && open[at] === 1;
    return {
      inputs: [fed(open)],
      attributes: isNamed ? { squeeze_dims: attr.ints([at]) } : {},
      outputs: 1,
    };
  },
  Transpose: withX((draw, shape) => [
    ints(
      ...draw(
        fc.shuffledSubarray(
          shape.map((_, axis) => axis),
          { minLength: shape.length },
        ),
      ),
    ),
  ]),
  // searching
  ListDiff: (draw) => ({
    inputs: [fed([draw(size)], { below: 6 }, 'int32'), fed([draw(size)], { below: 6 }, 'int32')],
    attributes: {},
    outputs: 2,
  }),
  LowerBound: (draw) => bound(draw),
  NonMaxSuppressionV2: boxes('NonMaxSuppressionV2'),
  NonMaxSuppressionV3: boxes('NonMaxSuppressionV3'),
  NonMaxSuppressionV4: boxes('NonMaxSuppressionV4'),
  NonMaxSuppressionV5: boxes('NonMaxSuppressionV5'),
  TopKV2: (draw) => {
    const shape = draw(anyShape);
    return {
      inputs: [fed(shape, 'distinct'), one(draw(fc.integer({ min: 1, max: shape.at(-1)! })))],
      attributes: { sorted: attr.bool(true) },
      outputs: 2,
    };
  },
  Unique: (draw) => ({
    inputs: [fed([draw(size)], { below: 4 }, draw(flip) ? 'int32' : 'float32')],
    attributes: {},
    outputs: 2,
  }),
  UniqueV2: (draw) => {
    const shape = draw(fc.oneof(dims(1), dims(2)));
    return {
      inputs: [fed(shape, { below: 2 }, 'int32'), ints(draw(fc.nat(shape.length - 1)))],
      attributes: {},
      outputs: 2,
    };
  },
  UpperBound: (draw) => bound(draw),
  Where: (draw) => ({ inputs: [fed(draw(anyShape), 'flags', 'bool')], attributes: {}, outputs: 1 }),
  // creation
  Fill: (draw) => ({
    inputs: [ints(...draw(anyShape)), draw(flip) ? one(1.5, 'float32') : fed([], 'real')],
    attributes: typed('float32'),
    outputs: 1,
  }),
  LinSpace: (draw) => ({
    inputs: [one(-1.5, 'float32'), one(2.25, 'float32'), one(draw(size))],
    attributes: {},
    outputs: 1,
  }),
  OneHot: (draw) => ({
    inputs: [
      fed(draw(fc.oneof(dims(1), dims(2))), 'whole', 'int32'),
      one(draw(size)),
      one(2, 'float32'),
      one(-1, 'float32'),
    ],
    attributes: { axis: attr.int(-1), T: attr.type('float32') },
    outputs: 1,
  }),
  OnesLike: unary(),
  Range: range,
  ZerosLike: unary(),
  // shapes
  Rank: unary(),
  Shape: unary(),
  ShapeN: (draw) => ({
    inputs: [fed(draw(anyShape)), fed(draw(anyShape))],
    attributes: { N: attr.int(2) },
    outputs: 2,
  }),
  Size: unary(),
  // graph
  FakeQuantWithMinMaxVars: (draw) => ({
    inputs: [fed(draw(anyShape)), one(-1, 'float32'), one(1, 'float32')],
    attributes: {},
    outputs: 1,
  }),
  Identity: unary(),
  IdentityN: (draw) => ({
    inputs: [fed(draw(anyShape)), fed(draw(anyShape))],
    attributes: {},
    outputs: 2,
  }),
  PlaceholderWithDefault: (draw) => ({
    inputs: [held(draw(anyShape))],
    attributes: typed('float32'),
    outputs: 1,
  }),
  Snapshot: unary(),
  StopGradient: unary(),
};

function segments(draw: Draw): Omit<OpCase, 'op'> {
  const shape = draw(fc.oneof(dims(1), dims(2)));
  const count = draw(size);
  const steps = draw(fc.array(fc.nat(1), { minLength: count, maxLength: count }));
  let id = 0;
  const ids = steps.map((step, index) => (id += index === 0 ? 0 : step));
  return {
    inputs: [fed(shape), fed([count], { below: shape[0]! }, 'int32'), held([count], ids, 'int32')],
    attributes: {},
    outputs: 1,
  };
}

function bound(draw: Draw): Omit<OpCase, 'op'> {
  const rows = draw(small);
  const sorted = Array.from({ length: rows }, () =>
    draw(fc.array(fc.nat(8), { minLength: 4, maxLength: 4 })).toSorted((a, b) => a - b),
  );
  return {
    inputs: [held([rows, 4], sorted.flat()), fed([rows, draw(small)], 'whole')],
    attributes: {},
    outputs: 1,
  };
}

/** Generated cases of every operation that answers the same each time. */
export const opCases: Readonly<Record<string, fc.Arbitrary<OpCase>>> = Object.fromEntries(
  Object.entries(makes).map(([op, make]) => [op, built(op, make)]),
);

/** Operations that draw: compared by shape and range. */
export const randomOps = [
  'Multinomial',
  'RandomStandardNormal',
  'RandomUniform',
  'RandomUniformInt',
] as const;
