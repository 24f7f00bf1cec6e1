import type { GatherV2Attrs, TensorInfo } from '@tensorflow/tfjs-core';
import { address } from '../backend.ts';
import type { Kernel, Kernels } from '../kernel.ts';
import { memoryOf } from '../native.ts';

/** (x, indices) → the slices of x at the indices along an axis, `batchDims` leading axes being shared. */
const gather: Kernel<{ x: TensorInfo; indices: TensorInfo }, GatherV2Attrs> = (call) => {
  const { tf, backend, native, inputs, attributes } = call;
  const { x, indices } = inputs;
  const isEmpty = [...x.shape, ...indices.shape].includes(0);
  if (isEmpty || (x.dtype !== 'float32' && x.dtype !== 'int32'))
    return call.published(inputs, attributes);
  const axis = tf.util.parseAxisParam(attributes.axis, [...x.shape])[0]!;
  const size = (shape: readonly number[]): number => tf.util.sizeFromShape([...shape]);
  // Axes that both tensors share, then those before the gathered one, it, and those after it.
  const shared = x.shape.slice(0, attributes.batchDims);
  const before = x.shape.slice(shared.length, axis);
  const places = x.shape[axis]!;
  const after = x.shape.slice(axis + 1);
  const at = address(backend, indices);
  const count = size(indices.shape);
  const picks = new Int32Array(memoryOf(backend.wasm).buffer, at, count);
  const outside = picks.find((index) => index < 0 || index >= places);
  if (outside !== undefined)
    throw new RangeError(
      `gather: index ${outside} is not in [0, ${places}), the places of axis ${axis} of a tensor of shape [${x.shape.join(', ')}].`,
    );
  const outShape = [...shared, ...before, ...indices.shape.slice(shared.length), ...after];
  const y = backend.makeOutput(outShape, x.dtype);
  native.gather(
    ...[address(backend, x), at, address(backend, y)],
    ...[size(shared), size(before), places, size(after) * Float32Array.BYTES_PER_ELEMENT],
    count / size(shared),
  );
  return y;
};

export const gathering: Kernels = { GatherV2: gather };
