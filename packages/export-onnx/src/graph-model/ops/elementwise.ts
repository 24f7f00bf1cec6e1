import type { GraphBuilder } from '../../graph/builder.ts';

import { cast, scalar } from '../../graph/ops.ts';
import { Refusal } from '../../graph/refusal.ts';
import type { Value } from '../../graph/value.ts';
import type { Attributes } from '../../graph/builder.ts';
import { float, int, type Dim, type Shape } from '../../onnx/model.ts';
import { tensorData } from '../../onnx/tensor-data.ts';
import { align } from '../align.ts';
import {
  broadcastShape,
  input,
  knownOf,
  numbers,
  stored,
  type OpCall,
  type OpConverter,
  type OpConverters,
} from '../op.ts';
import { tensorOf, tensorOfKnown, type Tensor } from '../tensor.ts';
import type { TensorType } from '../attributes.ts';

/** What an operation of two operands does with known elements; undefined where symbols hide the result. */
type Compute = (call: OpCall, a: Dim, b: Dim) => Dim | undefined;

const exactly =
  (compute: (a: number, b: number) => number): Compute =>
  (_, a, b) =>
    typeof a === 'number' && typeof b === 'number' ? compute(a, b) : undefined;

/** Elements of two known operands, broadcast; undefined where they are not all known. */
export function computed(
  call: OpCall,
  compute: Compute,
  dtype: TensorType = input(call, 0).dtype,
): Tensor | undefined {
  const [a, b] = [knownOf(call, 0), knownOf(call, 1)];
  if (a === undefined || b === undefined) return undefined;
  const [left, right] = [input(call, 0).shape, input(call, 1).shape];
  const isSame = left.join() === right.join();
  if (!isSame && a.length !== 1 && b.length !== 1) return undefined;
  const shape = broadcastShape(call, left, right) as readonly number[];
  const count = Math.max(a.length, b.length) * Math.min(1, a.length, b.length);
  const results: Dim[] = [];
  for (let index = 0; index < count; index++) {
    const result = compute(call, a[a.length === 1 ? 0 : index]!, b[b.length === 1 ? 0 : index]!);
    if (result === undefined || (typeof result === 'number' && !Number.isFinite(result)))
      return undefined;
    results.push(dtype === 'float32' && typeof result === 'number' ? Math.fround(result) : result);
  }
  return tensorOfKnown(dtype, shape, results);
}

/** Two operands in one layout and what comes out of them. */
function operands(call: OpCall): { readonly a: Value; readonly b: Value; readonly out: Value } {
  const [first, second] = [input(call, 0), input(call, 1)];
  const { values, layout } = align([first, second], call.scope);
  const [a, b] = values as [Value, Value];
  const shape = broadcastShape(call, first.shape, second.shape);
  return { a, b, out: { ...a, shape, layout } };
}

const two =
  (opType: string, compute?: Compute): OpConverter =>
  (call) => {
    const known = compute && computed(call, compute);
    if (known !== undefined) return known;
    const { a, b, out } = operands(call);
    return tensorOf(call.graph.op(opType, [a, b], out));
  };

const comparing =
  (opType: string, compute: (a: number, b: number) => boolean, isNegated = false): OpConverter =>
  (call) => {
    const known = computed(
      call,
      exactly((a, b) => Number(compute(a, b))),
      'bool',
    );
    if (known !== undefined) return known;
    const { a, b, out } = operands(call);
    const spec = { ...out, dtype: 'bool' } as const;
    const result = call.graph.op(opType, [a, b], spec);
    return tensorOf(isNegated ? call.graph.op('Not', [result], spec) : result);
  };

function one(graph: GraphBuilder, opType: string, x: Value, attributes: Attributes = {}): Value {
  return graph.op(opType, [x], x, attributes);
}

function int32(graph: GraphBuilder, value: number): Value {
  return graph.constant(`int_${value}`, tensorData('int32', [], Int32Array.of(value)));
}

/** Elements of the type of `like`. */
function number(graph: GraphBuilder, value: number, like: Value): Value {
  return like.dtype === 'int32' ? int32(graph, value) : scalar(graph, value);
}

/** ⌊a / b⌋; ONNX's Div of integers truncates. */
function floorDivide(graph: GraphBuilder, a: Value, b: Value, out: Value): Value {
  const quotient = graph.op('Div', [a, b], out);
  if (out.dtype !== 'int32') return one(graph, 'Floor', quotient);
  const rest = graph.op('Sub', [a, graph.op('Mul', [quotient, b], out)], out);
  const [bool, zero] = [{ ...out, dtype: 'bool' } as const, int32(graph, 0)];
  const hasRest = graph.op('Not', [graph.op('Equal', [rest, zero], bool)], bool);
  const isRestNegative = graph.op('Less', [rest, zero], bool);
  const isDivisorNegative = graph.op('Less', [b, zero], { ...b, dtype: 'bool' });
  const differs = graph.op('Xor', [isRestNegative, isDivisorNegative], bool);
  const isBelow = graph.op('And', [hasRest, differs], bool);
  const lower = graph.op('Sub', [quotient, int32(graph, 1)], out);
  return graph.op('Where', [isBelow, lower, quotient], out);
}

const floored: Compute = (call, a, b) => (b === 0 ? undefined : call.dims.divide(a, b));

const floorDiv: OpConverter = (call) => {
  const known = computed(call, floored);
  if (known !== undefined) return known;
  const { a, b, out } = operands(call);
  const result = floorDivide(call.graph, a, b, out);
  // The cpu backend of tfjs gives integers, as it does for all ⌊a / b⌋.
  return tensorOf(result);
};

const divide: OpConverter = (call) => {
  if (input(call, 0).dtype === 'int32') return floorDiv(call);
  const known = computed(
    call,
    exactly((a, b) => a / b),
  );
  if (known !== undefined) return known;
  const { a, b, out } = operands(call);
  return tensorOf(call.graph.op('Div', [a, b], out));
};

const divideNoNan: OpConverter = (call) => {
  const { a, b, out } = operands(call);
  const { graph } = call;
  const isZero = graph.op('Equal', [b, number(graph, 0, b)], { ...b, dtype: 'bool' });
  const quotient = graph.op('Div', [a, b], out);
  return tensorOf(graph.op('Where', [isZero, number(graph, 0, b), quotient], out));
};

/** a − b ⌊a / b⌋; ORT's Mod of floats has the sign of a. */
const floorMod: OpConverter = (call) => {
  const known = computed(
    call,
    exactly((a, b) => (b === 0 ? NaN : a - b * Math.floor(a / b))),
  );
  if (known !== undefined) return known;
  const { a, b, out } = operands(call);
  const { graph } = call;
  if (out.dtype === 'int32') return tensorOf(graph.op('Mod', [a, b], out, { fmod: int(0) }));
  const rest = graph.op('Mod', [a, b], out, { fmod: int(1) });
  const bool = { ...out, dtype: 'bool' } as const;
  const zero = scalar(graph, 0);
  const isOdd = graph.op(
    'Xor',
    [graph.op('Less', [rest, zero], bool), graph.op('Less', [b, zero], { ...b, dtype: 'bool' })],
    bool,
  );
  const isNotZero = graph.op('Not', [graph.op('Equal', [rest, zero], bool)], bool);
  const isOff = graph.op('And', [isOdd, isNotZero], bool);
  return tensorOf(graph.op('Where', [isOff, graph.op('Add', [rest, b], out), rest], out));
};

const squaredDifference: OpConverter = (call) => {
  const { a, b, out } = operands(call);
  const difference = call.graph.op('Sub', [a, b], out);
  return tensorOf(call.graph.op('Mul', [difference, difference], out));
};

const addN: OpConverter = (call) => {
  const { values, layout } = align(call.inputs, call.scope);
  const spec = { ...values[0]!, shape: input(call, 0).shape, layout };
  return tensorOf(
    values.slice(1).reduce((sum, value) => call.graph.op('Add', [sum, value], spec), values[0]!),
  );
};

const biasAdd: OpConverter = (call) => {
  if (call.attributes.text('data_format', 'NHWC') !== 'NHWC')
    throw new Refusal(
      'tfjs adds a bias with data_format "NCHW" to the last axis',
      'Convert the model with NHWC.',
    );
  return two('Add')(call);
};

/** Math.atan2, signed zeros included. */
const atan2: OpConverter = (call) => {
  const { a: y, b: x, out } = operands(call);
  const { graph } = call;
  const bool = (like: Value): Value => ({ ...like, dtype: 'bool' });
  const zero = scalar(graph, 0);
  const isNegative = (value: Value): Value => {
    const below = graph.op('Less', [value, zero], bool(value));
    const inverse = graph.op('Less', [one(graph, 'Reciprocal', value), zero], bool(value));
    return graph.op('Or', [below, inverse], bool(value));
  };
  const isNull = graph.op(
    'And',
    [graph.op('Equal', [y, zero], bool(y)), graph.op('Equal', [x, zero], bool(x))],
    bool(out),
  );
  const angle = graph.op(
    'Where',
    [isNull, y, one(graph, 'Atan', graph.op('Div', [y, x], out))],
    out,
  );
  const half = graph.op(
    'Where',
    [isNegative(y), scalar(graph, -Math.PI), scalar(graph, Math.PI)],
    y,
  );
  const turned = graph.op('Add', [angle, half], out);
  return tensorOf(graph.op('Where', [isNegative(x), turned, angle], out));
};

/** Float functions of one operand that ONNX has; integers become floats first, as in tfjs. */
const unary =
  (opType: string, attributes: Attributes = {}): OpConverter =>
  (call) =>
    tensorOf(one(call.graph, opType, cast(call.graph, stored(call, 0), 'float32'), attributes));

/** Functions that ONNX has for integers, too. */
const unaryOfAny =
  (opType: string, compute?: (x: number) => number): OpConverter =>
  (call) => {
    const { known, dtype, shape } = input(call, 0);
    if (compute !== undefined && known?.every((dim) => typeof dim === 'number') === true)
      return tensorOfKnown(dtype, shape as number[], known.map(compute))!;
    return tensorOf(one(call.graph, opType, stored(call, 0)));
  };

/** Functions that leave integers as they are. */
const rounding =
  (opType: string, compute: (x: number) => number): OpConverter =>
  (call) =>
    input(call, 0).dtype === 'int32' ? input(call, 0) : unaryOfAny(opType, compute)(call);

const roundHalfToEven = (x: number): number => {
  const low = Math.floor(x);
  if (x - low !== 0.5) return Math.round(x);
  return low % 2 === 0 ? low : low + 1;
};

const made =
  (build: (graph: GraphBuilder, x: Value, call: OpCall) => Value): OpConverter =>
  (call) =>
    tensorOf(build(call.graph, stored(call, 0), call));

const relu6 = made((graph, x) =>
  graph.op('Clip', [x, number(graph, 0, x), number(graph, 6, x)], x),
);

const square: OpConverter = (call) => {
  const { known, dtype, shape } = input(call, 0);
  if (known?.every((dim) => typeof dim === 'number') === true)
    return tensorOfKnown(
      dtype,
      shape as number[],
      known.map((x) => Math.fround(x * x)),
    )!;
  const x = stored(call, 0);
  return tensorOf(call.graph.op('Mul', [x, x], x));
};

const clipByValue: OpConverter = (call) => {
  const x = stored(call, 0);
  const bound = (index: number): Value => {
    const [value] = numbers(call, index, 'the bound of a clip');
    return number(call.graph, value!, x);
  };
  return tensorOf(call.graph.op('Clip', [x, bound(1), bound(2)], x));
};

const prelu: OpConverter = (call) => {
  const { values } = align([input(call, 0), input(call, 1)], call.scope);
  return tensorOf(preluOf(call.graph, values[0]!, values[1]!));
};

export function preluOf(graph: GraphBuilder, x: Value, slope: Value): Value {
  return graph.op('PRelu', [x, slope], x);
}

const isFinite_ = made((graph, x) => {
  const spec = { ...x, dtype: 'bool' } as const;
  const either = graph.op('Or', [graph.op('IsNaN', [x], spec), graph.op('IsInf', [x], spec)], spec);
  return graph.op('Not', [either], spec);
});

const asked = (opType: string): OpConverter =>
  made((graph, x) => graph.op(opType, [cast(graph, x, 'float32')], { ...x, dtype: 'bool' }));

/** x · y where |x| is small enough that e^x − 1 would cancel: a series, as Math.expm1 has. */
const expm1 = made((graph, x) => {
  const direct = graph.op('Sub', [one(graph, 'Exp', x), scalar(graph, 1)], x);
  // 2 sinh(x/2) e^(x/2) loses nothing near 0.
  const half = graph.op('Mul', [x, scalar(graph, 0.5)], x);
  const product = graph.op('Mul', [one(graph, 'Sinh', half), one(graph, 'Exp', half)], x);
  const near = graph.op('Mul', [product, scalar(graph, 2)], x);
  const isNear = graph.op('Less', [one(graph, 'Abs', x), scalar(graph, 1)], {
    ...x,
    dtype: 'bool',
  });
  return graph.op('Where', [isNear, near, direct], x);
});

const log1p = made((graph, x) => {
  // log(u) x / (u − 1) with u = 1 + x: what rounding takes from u, the quotient gives back. Kahan; Higham 2002, §1.14.1.
  const u = graph.op('Add', [x, scalar(graph, 1)], x);
  const rounded = graph.op('Sub', [u, scalar(graph, 1)], x);
  const bool = { ...x, dtype: 'bool' } as const;
  const isNull = graph.op('Equal', [rounded, scalar(graph, 0)], bool);
  const safe = graph.op('Where', [isNull, scalar(graph, 1), rounded], x);
  const corrected = graph.op('Mul', [one(graph, 'Log', u), graph.op('Div', [x, safe], x)], x);
  // Infinity / Infinity is NaN.
  const isInfinite = graph.op('IsInf', [x], bool);
  return graph.op(
    'Where',
    [isNull, x, graph.op('Where', [isInfinite, one(graph, 'Log', u), corrected], x)],
    x,
  );
});

const select: OpConverter = (call) => {
  const [condition, a, b] = [input(call, 0), input(call, 1), input(call, 2)];
  const rank = Math.max(a.shape.length, b.shape.length);
  if (call.op === 'Select' && condition.shape.length === 1 && rank > 1)
    throw new Refusal(
      'Select with a vector as condition picks rows in TensorFlow and columns in tfjs',
      'Give the condition the rank of what it selects.',
    );
  const known = condition.known?.[0];
  if (
    condition.shape.length === 0 &&
    typeof known === 'number' &&
    a.shape.join() === b.shape.join()
  )
    return known === 0 ? b : a;
  const { values, layout } = align([condition, a, b], call.scope);
  const shape: Shape = broadcastShape(
    call,
    broadcastShape(call, condition.shape, a.shape),
    b.shape,
  );
  const [c, x, y] = values as [Value, Value, Value];
  return tensorOf(
    call.graph.op('Where', [cast(call.graph, c, 'bool'), x, y], { ...x, shape, layout }),
  );
};

export const arithmetic: OpConverters = {
  Add: two('Add', (call, a, b) => sum(call, a, b)),
  AddN: addN,
  AddV2: two('Add', (call, a, b) => sum(call, a, b)),
  Atan2: atan2,
  BiasAdd: biasAdd,
  Div: divide,
  DivNoNan: divideNoNan,
  FloorDiv: floorDiv,
  FloorMod: floorMod,
  Maximum: two('Max', exactly(Math.max)),
  Minimum: two('Min', exactly(Math.min)),
  Mod: floorMod,
  Mul: two('Mul', (call, a, b) =>
    isInt(call) ? call.dims.multiply(a, b) : exactly((x, y) => x * y)(call, a, b),
  ),
  Pow: two(
    'Pow',
    exactly((a, b) => a ** b),
  ),
  RealDiv: divide,
  SquaredDifference: squaredDifference,
  Sub: two('Sub', (call, a, b) =>
    isInt(call) ? call.dims.subtract(a, b) : exactly((x, y) => x - y)(call, a, b),
  ),
};

function isInt(call: OpCall): boolean {
  return input(call, 0).dtype === 'int32';
}

function sum(call: OpCall, a: Dim, b: Dim): Dim | undefined {
  return isInt(call) ? call.dims.add(a, b) : exactly((x, y) => x + y)(call, a, b);
}

export const basicMath: OpConverters = {
  Abs: unaryOfAny('Abs', Math.abs),
  Acos: unary('Acos'),
  Acosh: unary('Acosh'),
  Asin: unary('Asin'),
  Asinh: unary('Asinh'),
  Atan: unary('Atan'),
  Atanh: unary('Atanh'),
  Ceil: rounding('Ceil', Math.ceil),
  ClipByValue: clipByValue,
  Cos: unary('Cos'),
  Cosh: unary('Cosh'),
  Elu: unary('Elu', { alpha: float(1) }),
  Erf: unary('Erf'),
  Exp: unary('Exp'),
  Expm1: expm1,
  Floor: rounding('Floor', Math.floor),
  IsFinite: isFinite_,
  IsInf: asked('IsInf'),
  IsNan: asked('IsNaN'),
  LeakyRelu: made((graph, x, { attributes }) =>
    one(graph, 'LeakyRelu', x, { alpha: float(attributes.float('alpha', 0.2)) }),
  ),
  Log: unary('Log'),
  Log1p: log1p,
  Neg: unaryOfAny('Neg', (x) => -x),
  Prelu: prelu,
  Reciprocal: unary('Reciprocal'),
  Relu: unaryOfAny('Relu'),
  Relu6: relu6,
  Round: rounding('Round', roundHalfToEven),
  Rsqrt: made((graph, x) => one(graph, 'Reciprocal', one(graph, 'Sqrt', x))),
  Selu: unary('Selu'),
  Sigmoid: unary('Sigmoid'),
  Sign: unaryOfAny('Sign', Math.sign),
  Sin: unary('Sin'),
  Sinh: unary('Sinh'),
  Softplus: unary('Softplus'),
  Sqrt: unary('Sqrt'),
  Square: square,
  Tan: unary('Tan'),
  Tanh: unary('Tanh'),
};

export const logical: OpConverters = {
  Equal: comparing('Equal', (a, b) => a === b),
  Greater: comparing('Greater', (a, b) => a > b),
  GreaterEqual: comparing('GreaterOrEqual', (a, b) => a >= b),
  Less: comparing('Less', (a, b) => a < b),
  LessEqual: comparing('LessOrEqual', (a, b) => a <= b),
  LogicalAnd: comparing('And', (a, b) => a !== 0 && b !== 0),
  LogicalNot: (call) => {
    const { known, shape } = input(call, 0);
    if (known?.every((dim) => typeof dim === 'number') === true)
      return tensorOfKnown(
        'bool',
        shape as number[],
        known.map((x) => Number(x === 0)),
      )!;
    const x = stored(call, 0);
    return tensorOf(call.graph.op('Not', [x], x));
  },
  LogicalOr: comparing('Or', (a, b) => a !== 0 || b !== 0),
  NotEqual: comparing('Equal', (a, b) => a !== b, true),
  Select: select,
  SelectV2: select,
};
