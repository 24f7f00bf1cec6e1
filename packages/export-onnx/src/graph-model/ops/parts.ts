import { plain } from '../../graph/layout.ts';
import { squeeze as squeezeValue } from '../../graph/ops.ts';
import { Refusal } from '../../graph/refusal.ts';
import { physicalAxis } from '../../graph/value.ts';
import { int } from '../../onnx/model.ts';
import { vector } from '../align.ts';
import {
  axisOf,
  exact,
  input,
  number,
  numbers,
  stored,
  type OpCall,
  type OpConverter,
} from '../op.ts';
import { reshapedKnown, tensorOf, tensorOfKnown, type Tensor } from '../tensor.ts';

/** Parts of exact sizes along an axis. */
function parts(
  call: OpCall,
  index: number,
  axis: number,
  sizes: readonly number[],
): readonly Tensor[] {
  const x = input(call, index);
  if (x.shape.length === 1 && x.known !== undefined) {
    let at = 0;
    return sizes.map((size) => tensorOfKnown(x.dtype, [size], x.known!.slice(at, (at += size)))!);
  }
  const value = stored(call, index);
  const from = typeof value.layout === 'string' ? value : plain(call.graph, value);
  if (sizes.length === 1) return [tensorOf(from)];
  const specs = sizes.map((size) => ({ ...from, shape: from.shape.with(axis, size) }));
  const outputs = call.graph.node('Split', [from, vector(call.graph, 'parts', sizes)], specs, {
    axis: int(physicalAxis(from, axis)),
  });
  return outputs.map(tensorOf);
}

// A lying file must not decide how many outputs a node has.
const MAX_PARTS = 10_000;

export const split: OpConverter = (call) => {
  const x = input(call, 1);
  const axis = axisOf(number(call, 0, 'its axis'), x.shape.length);
  const count = call.attributes.int('num_split');
  const length = exact(x.shape, axis, 'the length of the axis that it splits');
  if (!(count >= 1 && count <= MAX_PARTS) || length % count !== 0)
    throw new Refusal(`it splits ${length} into ${count}`, 'Convert the model again.');
  return parts(call, 1, axis, new Array<number>(count).fill(length / count));
};

export const splitV: OpConverter = (call) => {
  const x = input(call, 0);
  const axis = axisOf(number(call, 2, 'its axis'), x.shape.length);
  const given = numbers(call, 1, 'the sizes that it splits into');
  const known = given.filter((size) => size >= 0).reduce((sum, size) => sum + size, 0);
  const length = given.includes(-1)
    ? exact(x.shape, axis, 'the length of the axis that it splits')
    : known;
  const sizes = given.map((size) => (size < 0 ? length - known : size));
  if (
    given.length > MAX_PARTS ||
    given.filter((size) => size < 0).length > 1 ||
    sizes.some((size) => size < 0)
  )
    throw new Refusal(
      `its sizes are [${given.slice(0, 20).join(', ')}]`,
      'Convert the model again.',
    );
  return parts(call, 0, axis, sizes);
};

export const unpack: OpConverter = (call) => {
  const x = input(call, 0);
  const axis = axisOf(call.attributes.int('axis', 0), x.shape.length);
  const count = exact(x.shape, axis, 'the length of the axis that it unpacks');
  if (count < 1 || count > MAX_PARTS)
    throw new Refusal(`it unpacks ${count} tensors`, 'Convert the model again.');
  return parts(call, 0, axis, new Array<number>(count).fill(1)).map(
    (part) =>
      reshapedKnown(part, part.shape.toSpliced(axis, 1)) ??
      tensorOf(squeezeValue(call.graph, part.value(call.scope), [axis])),
  );
};
