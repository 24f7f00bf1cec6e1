import { cast, compare, scalar, unsqueeze } from '../../graph/ops.ts';
import { Refusal } from '../../graph/refusal.ts';
import type { Value } from '../../graph/value.ts';
import { float, int, type Dim } from '../../onnx/model.ts';
import {
  axisOf,
  emits,
  input,
  knownOf,
  number,
  plainOf,
  type OpCall,
  type OpConverter,
  type OpConverters,
} from '../op.ts';
import { dataOf, tensorOf, tensorOfData, tensorOfKnown, upTo, type Tensor } from '../tensor.ts';
import { filled } from './scatter.ts';

// A file need not hold more values than this that grow evenly.
const MAX_STORED = 4096;

const known = (call: OpCall, value: number, dtype: Tensor['dtype'] = 'int32'): Value =>
  tensorOfKnown(dtype, [], [value])!.value(call.scope);

const fill: OpConverter = (call) => {
  const dims = knownOf(call, 0);
  const value = knownOf(call, 1)?.[0];
  const { dtype } = input(call, 1);
  if (dims?.every((dim) => typeof dim === 'number') === true && value !== undefined) {
    const count = dims.reduce((total: number, dim) => total * dim, 1);
    const small =
      count <= 256 ? tensorOfKnown(dtype, dims, new Array<Dim>(count).fill(value)) : undefined;
    if (small !== undefined) return small;
  }
  return tensorOf(filled(call, input(call, 0), plainOf(call, 1)));
};

/** As many of one value as `x` has elements. */
const like =
  (value: number): OpConverter =>
  (call) => {
    const x = input(call, 0);
    const shape = tensorOfKnown('int32', [x.shape.length], x.shape)!;
    const count = x.shape.every((dim) => typeof dim === 'number')
      ? (x.shape as number[]).reduce((total, dim) => total * dim, 1)
      : Infinity;
    if (count <= 256)
      return tensorOfKnown(x.dtype, x.shape as number[], new Array<number>(count).fill(value))!;
    return tensorOf(filled(call, shape, known(call, value, x.dtype)));
  };

const range: OpConverter = (call) => {
  const [start, stop, step] = [0, 1, 2].map((index) => knownOf(call, index)?.[0]);
  const { dtype } = input(call, 0);
  const isExact = [start, stop, step].every((value) => typeof value === 'number');
  const count = isExact
    ? Math.max(0, Math.ceil(((stop as number) - (start as number)) / (step as number)))
    : start === 0 && step === 1 && stop !== undefined
      ? stop
      : call.dims.unknown('range');
  if (typeof count === 'number' && !(count <= 2 ** 24))
    throw new Refusal('its range never ends', 'Convert the model again.');
  if (isExact && typeof count === 'number' && count <= 256) {
    const list = Array.from(
      { length: count },
      (_, index) => (start as number) + index * (step as number),
    );
    const small = dtype === 'int32' ? tensorOfKnown(dtype, [count], list) : undefined;
    if (small !== undefined) return small;
  }
  const inputs = [0, 1, 2].map((index) => plainOf(call, index));
  return tensorOf(call.graph.op('Range', inputs, { dtype, shape: [count] }));
};

const linSpace = emits((call) => {
  const { graph } = call;
  const count = number(call, 2, 'its number of values');
  if (!(count >= 1 && count <= 2 ** 24))
    throw new Refusal(`it has ${count} values`, 'Convert the model again.');
  const [start, stop] = [plainOf(call, 0), plainOf(call, 1)];
  const spec = { dtype: 'float32', shape: [count] } as const;
  const [first, last] = [knownOf(call, 0)?.[0], knownOf(call, 1)?.[0]];
  if (typeof first === 'number' && typeof last === 'number' && count <= MAX_STORED) {
    const step = (last - first) / Math.max(1, count - 1);
    const list = Array.from({ length: count }, (_, index) => first + index * step);
    return tensorOfData(`between_${count}`, dataOf('float32', [count], list)).value(call.scope);
  }
  const steps = cast(graph, upTo(count, call.scope), 'float32');
  const scalarSpec = { dtype: 'float32', shape: [] } as const;
  const width = graph.op('Sub', [stop, start], scalarSpec);
  const step = graph.op('Div', [width, scalar(graph, Math.max(1, count - 1))], scalarSpec);
  return graph.op('Add', [graph.op('Mul', [steps, step], spec), start], spec);
});

/** 1 where the index is, along a last axis; an index that is out of range marks nothing. */
const oneHot = emits((call) => {
  const { graph, attributes } = call;
  const indices = plainOf(call, 0);
  const depth = number(call, 1, 'its depth');
  if (!(depth >= 0 && depth <= 2 ** 24))
    throw new Refusal(`its depth is ${depth}`, 'Convert the model again.');
  const axis = attributes.int('axis', -1);
  if (axis !== -1 && axisOf(axis, indices.shape.length + 1) !== indices.shape.length)
    throw new Refusal(
      `tfjs puts the classes on the last axis, not on ${axis}`,
      'Use axis -1 and a transpose.',
    );
  const ids = upTo(depth, call.scope);
  const isHit = compare(graph, 'Equal', unsqueeze(graph, indices, [indices.shape.length]), ids);
  const [on, off] = [plainOf(call, 2), plainOf(call, 3)];
  return graph.op('Where', [isHit, on, off], { dtype: on.dtype, shape: [...indices.shape, depth] });
});

/** Random numbers of a shape that may be computed: no two runs agree, only shape and range. */
function random(
  call: OpCall,
  opType: string,
  shape: Tensor,
  attributes: Record<string, number>,
): Value {
  const { graph } = call;
  const zeros = filled(call, shape, scalar(graph, 0));
  const settings = Object.fromEntries(
    Object.entries(attributes).map(([name, value]) => [name, float(value)]),
  );
  return graph.op(opType, [zeros], zeros, settings);
}

const uniform = emits((call) =>
  random(call, 'RandomUniformLike', input(call, 0), { low: 0, high: 1 }),
);
const normal = emits((call) =>
  random(call, 'RandomNormalLike', input(call, 0), { mean: 0, scale: 1 }),
);

const uniformInt = emits((call) => {
  const [low, high] = [number(call, 1, 'its smallest value'), number(call, 2, 'its largest value')];
  const drawn = random(call, 'RandomUniformLike', input(call, 0), { low, high });
  return cast(call.graph, call.graph.op('Floor', [drawn], drawn), 'int32');
});

const multinomial = emits((call) => {
  const x = plainOf(call, 0);
  const count = number(call, 1, 'its number of samples');
  const spec = { dtype: 'int32', shape: [x.shape[0]!, count] } as const;
  return call.graph.op('Multinomial', [x], spec, { sample_size: int(count), dtype: int(6) });
});

export const creations: OpConverters = {
  Fill: fill,
  LinSpace: linSpace,
  Multinomial: multinomial,
  OneHot: oneHot,
  OnesLike: like(1),
  RandomStandardNormal: normal,
  RandomUniform: uniform,
  RandomUniformInt: uniformInt,
  Range: range,
  ZerosLike: like(0),
};
