import type { GraphBuilder } from '../graph/builder.ts';
import { channelsFirst, plain } from '../graph/layout.ts';
import { binary, broadcast, scalar, unsqueeze } from '../graph/ops.ts';
import { physicalAxis, type Value } from '../graph/value.ts';
import { int, type Dim } from '../onnx/model.ts';
import { ConfigProblem, type LayerConverter } from './types.ts';

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
    throw new ConfigProblem(`it has ${inputs.length} input`, 'Merge at least two values.');
}

// Y = Op(…Op(Op(X₀, X₁), X₂)…, Xₙ), in the order of tfjs so that rounding agrees
const fold =
  (
    opType: 'Add' | 'Mul' | 'Max' | 'Min',
    finish?: (graph: GraphBuilder, sum: Value, count: number) => Value,
  ): LayerConverter =>
  (_layer, inputs, graph) => {
    needTwo(inputs);
    const values = alike(graph, sameRank(graph, inputs));
    const merged = values
      .slice(1)
      .reduce((left, right) => binary(graph, opType, left, right), values[0]!);
    return finish === undefined ? merged : finish(graph, merged, inputs.length);
  };

// Y = Concat(X…, axis)   (opset 13)
const concatenate: LayerConverter = ({ config }, inputs, graph) => {
  needTwo(inputs);
  const values = alike(graph, inputs);
  const first = values[0]!;
  const rank = first.shape.length;
  const raw = config.number('axis', -1);
  const axis = raw < 0 ? raw + rank : raw;
  if (
    !Number.isInteger(axis) ||
    axis < 1 ||
    axis >= rank ||
    values.some(({ shape }) => shape.length !== rank)
  )
    throw new ConfigProblem(
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
  return graph.op('Concat', values, { ...first, shape }, { axis: int(physicalAxis(first, axis)) });
};

export type MergeClass = 'Add' | 'Average' | 'Concatenate' | 'Maximum' | 'Minimum' | 'Multiply';

export const merge: Readonly<Record<MergeClass, LayerConverter>> = {
  Add: fold('Add'),
  Average: fold('Add', (graph, sum, count) => binary(graph, 'Mul', sum, scalar(graph, 1 / count))),
  Concatenate: concatenate,
  Maximum: fold('Max'),
  Minimum: fold('Min'),
  Multiply: fold('Mul'),
};
