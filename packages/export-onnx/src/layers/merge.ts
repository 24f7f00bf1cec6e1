import type { GraphBuilder } from '../graph/builder.ts';
import { channelsFirst, plain } from '../graph/layout.ts';
import {
  binary,
  broadcast,
  cast,
  exactDim,
  matMul,
  reduce,
  scalar,
  squeeze,
  transpose,
  unary,
  unsqueeze,
  withMask,
} from '../graph/ops.ts';
import { Refusal } from '../graph/refusal.ts';
import { physicalAxis, type Value } from '../graph/value.ts';
import { int, type Dim } from '../onnx/model.ts';
import type { LayerConverter } from './layer.ts';
import { concatenatedMask, mergedMask } from './merge-masks.ts';

/** The values in one layout: as channelsFirst where most of a rank lie so, else plain. */
function alike(graph: GraphBuilder, values: readonly Value[]): readonly Value[] {
  const rank = values[0]!.shape.length;
  const isSpatial = (value: Value): boolean =>
    value.layout === 'channelsFirst' && value.shape.length === rank;
  const first = values.filter(isSpatial).length;
  return first * 2 >= values.length && values.every(({ shape }) => shape.length === rank)
    ? values.map((value) => channelsFirst(graph, value))
    : values.map((value) => plain(graph, value));
}

/** Inputs of lower rank get axes of length 1 after the batch, as tfjs does it. */
function sameRank(graph: GraphBuilder, values: readonly Value[]): readonly Value[] {
  const rank = Math.max(...values.map(({ shape }) => shape.length));
  return values.map((value) => {
    const missing = rank - value.shape.length;
    if (missing === 0) return value;
    return unsqueeze(
      graph,
      value,
      Array.from({ length: missing }, (_, index) => index + 1),
    );
  });
}

function needTwo(inputs: readonly Value[]): void {
  if (inputs.length < 2)
    throw new Refusal(`it has ${inputs.length} input`, 'Merge at least two values.');
}

/** One dtype for all: float32 where they differ. */
function sameDtype(graph: GraphBuilder, values: readonly Value[]): readonly Value[] {
  const isMixed = values.some(({ dtype }) => dtype !== values[0]!.dtype);
  return isMixed ? values.map((value) => cast(graph, value, 'float32')) : values;
}

// Y = Op(…Op(Op(X₀, X₁), X₂)…, Xₙ), in the order of tfjs so that rounding agrees
const fold =
  (
    opType: 'Add' | 'Mul' | 'Max' | 'Min',
    finish?: (graph: GraphBuilder, sum: Value, count: number) => Value,
  ): LayerConverter =>
  (_layer, inputs, graph) => {
    needTwo(inputs);
    const values = alike(graph, sameRank(graph, sameDtype(graph, inputs)));
    const merged = values
      .slice(1)
      .reduce((left, right) => binary(graph, opType, left, right), values[0]!);
    const output = finish === undefined ? merged : finish(graph, merged, inputs.length);
    return withMask(output, mergedMask(graph, inputs));
  };

// Y = Concat(X…, axis)   (opset 13)
const concatenate: LayerConverter = ({ config }, inputs, graph) => {
  needTwo(inputs);
  const values = alike(graph, sameDtype(graph, inputs));
  const first = values[0]!;
  const rank = first.shape.length;
  const raw = config.number('axis', -1);
  // tfjs takes every negative axis for the last one.
  const axis = raw < 0 ? rank - 1 : raw;
  if (
    !Number.isInteger(axis) ||
    axis < 1 ||
    axis >= rank ||
    values.some(({ shape }) => shape.length !== rank)
  )
    throw new Refusal(
      `axis ${raw} does not fit inputs of ranks ${values.map(({ shape }) => shape.length).join(', ')}`,
      'Concatenate values of one rank along an axis from 1 on.',
    );
  const shape = first.shape.map((_, index): Dim => {
    const dims = values.map((value) => value.shape[index]!);
    if (index === axis)
      return dims.every((dim) => typeof dim === 'number')
        ? dims.reduce((sum, dim) => sum + dim, 0)
        : graph.unknownDim('joined');
    return dims.reduce((a, b) => broadcast([a], [b])[0]!);
  });
  const output = graph.op(
    'Concat',
    values,
    { ...first, shape },
    { axis: int(physicalAxis(first, axis)) },
  );
  return withMask(output, concatenatedMask(graph, inputs, raw));
};

// Y = MatMul(X₀, X₁), operands turned so that the axes named meet
const dot: LayerConverter = ({ config }, inputs, graph) => {
  if (inputs.length !== 2) throw new Refusal(`it has ${inputs.length} inputs`, 'Give it two.');
  const raw = config.raw('axes');
  const given = (Array.isArray(raw) ? raw : [raw, raw]) as readonly unknown[];
  const [x, y] = inputs.map((input, index) => {
    const rank = input.shape.length;
    const axis = given[index];
    const place = typeof axis === 'number' && axis < 0 ? axis + rank : axis;
    if (!Number.isInteger(place) || (place as number) < 1 || (place as number) >= rank || rank > 3)
      throw new Refusal(
        `axes ${JSON.stringify(raw)} do not fit an input of rank ${rank}`,
        'Name axes from 1 on of inputs of rank 2 or 3.',
      );
    const value = config.boolean('normalize', false)
      ? normalized(graph, plain(graph, input), place as number)
      : plain(graph, input);
    return { value, axis: place as number, rank };
  }) as [Operand, Operand];
  if (exactDim(x.value, x.axis, 'the joined axis') !== exactDim(y.value, y.axis, 'the joined axis'))
    throw new Refusal('the joined axes differ in length', 'This topology cannot run.');
  if (x.rank === 2 && y.rank === 2)
    return reduce(graph, 'ReduceSum', binary(graph, 'Mul', x.value, y.value), [1]);
  return batchDot(graph, x, y);
};

interface Operand {
  readonly value: Value;
  readonly axis: number;
  readonly rank: number;
}

function batchDot(graph: GraphBuilder, x: Operand, y: Operand): Value {
  const open = ({ value, rank }: Operand): Value =>
    rank === 2 ? unsqueeze(graph, value, [2]) : value;
  const left = x.axis === 2 ? open(x) : transpose(graph, open(x), [0, 2, 1]);
  const right = y.axis === 2 ? transpose(graph, open(y), [0, 2, 1]) : open(y);
  const product = matMul(graph, left, right);
  if (x.rank === y.rank) return product;
  return squeeze(graph, product, [x.rank > y.rank ? 2 : 1]);
}

/** x / √max(Σ x², 10⁻⁷). */
function normalized(graph: GraphBuilder, value: Value, axis: number): Value {
  const sum = reduce(graph, 'ReduceSum', binary(graph, 'Mul', value, value), [axis]);
  const floor = graph.op('Max', [sum, scalar(graph, 1e-7)], sum);
  return binary(graph, 'Div', value, unary(graph, 'Sqrt', floor));
}

export type MergeClass =
  'Add' | 'Average' | 'Concatenate' | 'Dot' | 'Maximum' | 'Minimum' | 'Multiply';

export const merge: Readonly<Record<MergeClass, LayerConverter>> = {
  Add: fold('Add'),
  Average: fold('Add', (graph, sum, count) => binary(graph, 'Mul', sum, scalar(graph, 1 / count))),
  Concatenate: concatenate,
  Dot: dot,
  Maximum: fold('Max'),
  Minimum: fold('Min'),
  Multiply: fold('Mul'),
};
