import type { CastAttrs, TensorInfo, TileAttrs } from '@tensorflow/tfjs-core';
import { address, type WasmBackend } from '../backend.ts';
import type { Kernel, Kernels } from '../kernel.ts';

/** The same numbers under another name: TensorFlow.js never writes into a tensor, so nothing need be copied. */
function share(backend: WasmBackend, { dataId, shape, dtype }: TensorInfo): TensorInfo {
  backend.incRef(dataId);
  return { dataId, shape, dtype };
}

const identity: Kernel<{ x: TensorInfo }, object> = (call) =>
  call.inputs.x.dtype === 'string'
    ? call.published(call.inputs, call.attributes)
    : share(call.backend, call.inputs.x);

const cast: Kernel<{ x: TensorInfo }, CastAttrs> = (call) =>
  call.inputs.x.dtype === call.attributes.dtype
    ? share(call.backend, call.inputs.x)
    : call.published(call.inputs, call.attributes);

/** Repeats along one axis after the other, the innermost first; the numbers before the last axis repeated lie side by side. */
const tile: Kernel<{ x: TensorInfo }, TileAttrs> = (call) => {
  const { backend, native, inputs, attributes } = call;
  const { x } = inputs;
  const { reps } = attributes;
  const isEmpty = x.shape.includes(0) || reps.includes(0);
  if (isEmpty || x.dtype === 'string' || x.dtype === 'complex64')
    return call.published(inputs, attributes);
  let tiled = share(backend, x);
  for (let axis = x.shape.length - 1; axis >= 0; axis--) {
    if (reps[axis] === 1) continue;
    const shape = tiled.shape.map((length, i) => (i === axis ? length * reps[axis]! : length));
    const next = backend.makeOutput(shape, x.dtype);
    const outer = tiled.shape.slice(0, axis).reduce((a, b) => a * b, 1);
    const block = tiled.shape.slice(axis).reduce((a, b) => a * b, x.dtype === 'bool' ? 1 : 4);
    native.repeat(address(backend, tiled), address(backend, next), outer, reps[axis]!, block);
    backend.disposeData(tiled.dataId);
    tiled = next;
  }
  return tiled;
};

export const copies: Kernels = { Cast: cast, Identity: identity, Tile: tile };
