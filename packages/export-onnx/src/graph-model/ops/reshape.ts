import { plain } from '../../graph/layout.ts';
import { cast, squeeze as squeezeValue, unsqueeze } from '../../graph/ops.ts';
import { Refusal } from '../../graph/refusal.ts';
import { asStored, type Value } from '../../graph/value.ts';
import { int, type Dim, type Shape } from '../../onnx/model.ts';
import { vector } from '../align.ts';
import {
  axisOf,
  input,
  knownOf,
  number,
  plainOf,
  stored,
  unknownShape,
  type OpCall,
  type OpConverter,
} from '../op.ts';
import { reshapedKnown, tensorOf, type Tensor } from '../tensor.ts';

/** The product of dimensions, exact numbers and symbols apart. */
function product(dims: Shape): { readonly exact: number; readonly symbols: readonly string[] } {
  return {
    exact: dims.reduce((total: number, dim) => (typeof dim === 'number' ? total * dim : total), 1),
    symbols: dims.filter((dim) => typeof dim === 'string').sort(),
  };
}

/** What -1 stands for. */
function rest({ dims }: OpCall, from: Shape, known: Shape): Dim {
  const [whole, part] = [product(from), product(known)];
  const left = [...whole.symbols];
  for (const symbol of part.symbols) {
    const at = left.indexOf(symbol);
    if (at < 0) {
      const all = (list: Shape): Dim =>
        list.reduce((total: Dim, dim) => dims.multiply(total, dim), 1);
      return dims.divide(all(from), all(known));
    }
    left.splice(at, 1);
  }
  if (part.exact !== 0 && whole.exact % part.exact === 0)
    return left.reduce((total: Dim, dim) => dims.multiply(dim, total), whole.exact / part.exact);
  if (left.length === 0)
    throw new Refusal(
      `[${from.join(', ')}] does not become [${known.join(', ')}, …]`,
      'Convert the model again.',
    );
  return dims.divide(
    left.reduce((total: Dim, dim) => dims.multiply(dim, total), whole.exact),
    part.exact,
  );
}

export function reshapeTo(call: OpCall, tensor: Tensor, target: Shape): Tensor {
  const open = target.indexOf(-1);
  if (
    target.some((dim, axis) => dim === -1 && axis !== open) ||
    target.some((dim) => typeof dim === 'number' && dim < -1)
  )
    throw new Refusal(`its shape is [${target.join(', ')}]`, 'Convert the model again.');
  const given = tensor.shape;
  const shape = open < 0 ? target : target.with(open, rest(call, given, target.toSpliced(open, 1)));
  const known = reshapedKnown(tensor, shape);
  if (known !== undefined) return known;
  const value = tensor.value(call.scope);
  if (given.join() === shape.join()) return tensor;
  return tensorOf(
    flattened(call, value, shape) ?? reshapeValue(call, plain(call.graph, value), shape),
  );
}

/** A `channelsFirst` image becomes a row of features: what multiplies them is turned instead. */
function flattened({ graph }: OpCall, value: Value, shape: Shape): Value | undefined {
  const [batch, features] = shape;
  const inner = value.shape.slice(1);
  const isRow = shape.length === 2 && batch === value.shape[0] && typeof features === 'number';
  if (value.layout !== 'channelsFirst' || !isRow || !inner.every((dim) => typeof dim === 'number'))
    return undefined;
  const places = inner.slice(0, -1).reduce((total, dim) => total * dim, 1);
  const target = vector(graph, 'shape', [0, features]);
  const layout = places === 1 ? 'plain' : { inner };
  return graph.op('Reshape', [asStored(value), target], { dtype: value.dtype, shape, layout });
}

function reshapeValue({ graph, dims }: OpCall, value: Value, shape: Shape): Value {
  const symbols = shape.filter((dim, axis) => typeof dim === 'string' && value.shape[axis] !== dim);
  const spec = { dtype: value.dtype, shape };
  const isEmpty = shape.includes(0);
  const attributes = isEmpty ? { allowzero: int(1) } : {};
  if (symbols.length <= 1 && !isEmpty) {
    const target = shape.map((dim, axis) =>
      typeof dim === 'number' ? dim : value.shape[axis] === dim ? 0 : -1,
    );
    return graph.op('Reshape', [value, vector(graph, 'shape', target)], spec);
  }
  return graph.op('Reshape', [value, dims.vector(graph, shape)], spec, attributes);
}

export const reshape: OpConverter = (call) => {
  const x = input(call, 0);
  const target = knownOf(call, 1);
  if (target !== undefined) return reshapeTo(call, x, target);
  const shape = unknownShape(call, input(call, 1).shape, 'reshaped');
  const dims = cast(call.graph, plainOf(call, 1), 'int64');
  return tensorOf(call.graph.op('Reshape', [plainOf(call, 0), dims], { dtype: x.dtype, shape }));
};

export const expandDims: OpConverter = (call) => {
  const x = input(call, 0);
  const axis = axisOf(number(call, 1, 'its axis'), x.shape.length + 1);
  const shape = x.shape.toSpliced(axis, 0, 1);
  const known = reshapedKnown(x, shape);
  if (known !== undefined) return known;
  const value = stored(call, 0);
  if (value.layout !== 'channelsFirst' || axis === 0 || axis === x.shape.length)
    return tensorOf(unsqueeze(call.graph, value, [axis]));
  const at = vector(call.graph, 'axes', [axis + 1]);
  const { dtype, layout } = value;
  return tensorOf(call.graph.op('Unsqueeze', [value, at], { dtype, shape, layout }));
};

export const squeeze: OpConverter = (call) => {
  const x = input(call, 0);
  const { attributes, graph } = call;
  const listed = attributes.ints('squeeze_dims');
  const given = (listed.length > 0 ? listed : attributes.ints('axis')).map((axis) =>
    axisOf(axis, x.shape.length),
  );
  const axes = given.length > 0 ? given : x.shape.flatMap((dim, axis) => (dim === 1 ? [axis] : []));
  if (axes.some((axis) => typeof x.shape[axis] === 'number' && x.shape[axis] !== 1))
    throw new Refusal(
      `it squeezes axes that are not 1 in [${x.shape.join(', ')}]`,
      'Convert the model again.',
    );
  // tfjs would take a batch of one away, too; ONNX would read a list of no axes as all that are 1.
  if (axes.length === 0) return x;
  const shape = x.shape.filter((_, axis) => !axes.includes(axis));
  const known = reshapedKnown(x, shape);
  if (known !== undefined) return known;
  const value = stored(call, 0);
  // Batch and channels stay: what is left of the sides lies after the channels.
  if (value.layout !== 'channelsFirst' || axes.includes(0) || axes.includes(x.shape.length - 1))
    return tensorOf(squeezeValue(graph, value, axes));
  const at = vector(
    graph,
    'axes',
    axes.map((axis) => axis + 1),
  );
  const layout = shape.length > 2 ? value.layout : 'plain';
  return tensorOf(graph.op('Squeeze', [value, at], { dtype: value.dtype, shape, layout }));
};
