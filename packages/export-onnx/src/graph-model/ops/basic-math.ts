import type { Attributes, GraphBuilder } from '../../graph/builder.ts';
import { cast, scalar } from '../../graph/ops.ts';
import type { Value } from '../../graph/value.ts';
import { float } from '../../onnx/model.ts';
import { align } from '../align.ts';
import { input, numbers, stored, type OpCall, type OpConverter, type OpConverters } from '../op.ts';
import { tensorOf, tensorOfKnown } from '../tensor.ts';
import { number, one } from './operands.ts';

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
