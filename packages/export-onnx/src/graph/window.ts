import type { Dim } from '../onnx/model.ts';
import { Refusal } from './refusal.ts';

/** A window that slides along one axis. */
export interface Window {
  readonly size: Dim;
  readonly kernel: number;
  readonly stride: number;
  readonly dilation: number;
}

export type Padding = 'same' | 'valid';

/** Pads before and after, undefined where only the runtime can know; negative ones crop. */
export interface Placed {
  readonly pads: readonly [begin: number, end: number] | undefined;
  /** How often the window fits; undefined where only the runtime can know. */
  readonly count: number | undefined;
}

/**
 * Where tfjs puts a window: `same` pads so that ⌈size/stride⌉ windows fit, the odd element at the end. `mayCrop`: the 3D
 * kernels of tfjs-core let the total fall below zero where the stride exceeds the kernel.
 */
export function placeWindow(window: Window, padding: Padding, mayCrop = false): Placed {
  const { size, kernel, stride, dilation } = window;
  const reach = (kernel - 1) * dilation + 1;
  if (typeof size === 'string') {
    if (padding === 'valid') return { pads: [0, 0], count: undefined };
    return { pads: stride === 1 ? split(reach - 1) : undefined, count: undefined };
  }
  if (padding === 'valid') {
    const count = Math.floor((size - reach) / stride) + 1;
    if (count < 1)
      throw new Refusal(
        `a window of ${reach} does not fit into ${size}`,
        'This topology cannot run.',
      );
    return { pads: [0, 0], count };
  }
  const count = Math.ceil(size / stride);
  const total = (count - 1) * stride + reach - size;
  return { pads: split(mayCrop ? total : Math.max(0, total)), count };
}

function split(total: number): readonly [number, number] {
  const begin = Math.floor(total / 2);
  return [begin, total - begin];
}
