import { Refusal } from '../graph/refusal.ts';
import type { Windows } from '../graph/spatial.ts';
import type { Config } from '../keras/config.ts';
import type { TensorData } from '../onnx/tensor-data.ts';
import type { Layer } from './layer.ts';

export function windowsOf({ config }: Layer, rank: number): Windows {
  const windows = undilated(config, rank);
  const dilations = config.sizes('dilationRate', rank, windows.dilations);
  if (windows.strides.some((stride) => stride > 1) && dilations.some((rate) => rate > 1))
    throw new Refusal(
      'strides and dilationRate above 1 do not run together in tfjs',
      'Use one of them.',
    );
  return { ...windows, dilations };
}

export function undilated(config: Config, rank: number): Windows {
  const padding = config.choice('padding', ['valid', 'same', 'causal'], 'valid');
  if (padding === 'causal')
    throw new Refusal('padding "causal" does not run in tfjs', 'Pad on the left and use "valid".');
  const ones = new Array<number>(rank).fill(1);
  return {
    kernel: config.sizes('kernelSize', rank),
    strides: config.sizes('strides', rank, ones),
    dilations: ones,
    padding,
  };
}

export function biasOf(layer: Layer, filters: number): TensorData | undefined {
  return layer.config.boolean('useBias', true) ? layer.weight('bias', [filters]) : undefined;
}
