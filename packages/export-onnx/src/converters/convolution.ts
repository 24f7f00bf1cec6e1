import type { GraphBuilder } from '../graph/builder.ts';
import { placeWindows, type Spatial, type Windows } from '../graph/spatial.ts';
import type { Value } from '../graph/value.ts';
import type { Config } from '../model/config.ts';
import { int, ints } from '../onnx/model.ts';
import { transposed, type TensorData } from '../onnx/tensor-data.ts';
import { ConfigProblem, type Layer } from './types.ts';

export function windowsOf({ config }: Layer, rank: number): Windows {
  const windows = undilated(config, rank);
  const dilations = config.sizes('dilationRate', rank, windows.dilations);
  if (windows.strides.some((stride) => stride > 1) && dilations.some((rate) => rate > 1))
    throw new ConfigProblem(
      'strides and dilationRate above 1 do not run together in tfjs',
      'Use one of them.',
    );
  return { ...windows, dilations };
}

export function undilated(config: Config, rank: number): Windows {
  const padding = config.choice('padding', ['valid', 'same', 'causal'], 'valid');
  if (padding === 'causal')
    throw new ConfigProblem(
      'padding "causal" does not run in tfjs',
      'Pad on the left and use "valid".',
    );
  const ones = new Array<number>(rank).fill(1);
  return {
    kernel: config.sizes('kernelSize', rank),
    strides: config.sizes('strides', rank, ones),
    dilations: ones,
    padding,
  };
}

interface ConvOptions {
  readonly kernel: TensorData;
  readonly bias: TensorData | undefined;
  readonly filters: number;
  readonly group?: number;
}

/** One Conv; `kernel` already in ONNX's order. */
export function conv(
  graph: GraphBuilder,
  from: Spatial,
  windows: Windows,
  options: ConvOptions,
): Value {
  const { kernel, bias, filters, group = 1 } = options;
  const { input, sizes, attributes } = placeWindows(graph, from, windows);
  const inputs = [
    input,
    graph.constant('kernel', kernel),
    ...(bias ? [graph.constant('bias', bias)] : []),
  ];
  return graph.op('Conv', inputs, from.output(filters, sizes), {
    ...attributes,
    dilations: ints(windows.dilations),
    group: int(group),
    kernel_shape: ints(windows.kernel),
  });
}

/** `[...spatial, in, out]` → `[out, in, ...spatial]`. */
export function outFirst(kernel: TensorData): TensorData {
  const axes = kernel.shape.map((_, axis) => axis);
  return transposed(kernel, [axes.at(-1)!, axes.at(-2)!, ...axes.slice(0, -2)]);
}

export function biasOf(layer: Layer, filters: number): TensorData | undefined {
  return layer.config.boolean('useBias', true) ? layer.weight('bias', [filters]) : undefined;
}
