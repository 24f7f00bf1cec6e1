import { int, ints } from '../onnx/model.ts';
import { transposed, type TensorData } from '../onnx/tensor-data.ts';
import type { GraphBuilder } from './builder.ts';
import { placeWindows, type Spatial, type Windows } from './spatial.ts';
import type { Value } from './value.ts';

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
