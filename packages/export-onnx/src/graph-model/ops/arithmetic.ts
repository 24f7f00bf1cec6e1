import type { GraphBuilder } from '../../graph/builder.ts';
import { scalar } from '../../graph/ops.ts';
import { Refusal } from '../../graph/refusal.ts';
import type { Value } from '../../graph/value.ts';
import { int, type Dim } from '../../onnx/model.ts';
import { align } from '../align.ts';
import { input, type OpCall, type OpConverter, type OpConverters } from '../op.ts';
import { tensorOf } from '../tensor.ts';
import { computed, exactly, int32, number, one, operands, type Compute } from './operands.ts';

const two =
  (opType: string, compute?: Compute): OpConverter =>
  (call) => {
    const known = compute && computed(call, compute);
    if (known !== undefined) return known;
    const { a, b, out } = operands(call);
    return tensorOf(call.graph.op(opType, [a, b], out));
  };

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
