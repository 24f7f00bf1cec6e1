import type { GraphBuilder } from '../../graph/builder.ts';
import { conv, outFirst } from '../../graph/conv.ts';
import { binary, reshape, split, transpose } from '../../graph/ops.ts';
import { Refusal } from '../../graph/refusal.ts';
import { kernelInput, spatial, type DataFormat } from '../../graph/spatial.ts';
import { asChannelsFirst, asStored, type Value } from '../../graph/value.ts';
import { dataFormatOf } from '../data-format.ts';
import type { Layer } from '../layer.ts';
import { biasOf, windowsOf } from '../windows.ts';
import { lstmGates, type CellActivations, type Steps } from './steps.ts';

/** The LSTM of Shi et al. 2015, eq. 3, without peepholes: convolutions instead of matrix products, the state an image. */
export function convLstmSteps(layer: Layer, names: CellActivations): Steps {
  const dataFormat = dataFormatOf(layer.config);
  const windows = windowsOf(layer, 2);
  const filters = layer.config.size('filters');
  const isLast = dataFormat === 'channelsLast';
  return {
    // The convolution of the input has the steps in its batch; ONNX's order of axes from here on.
    prepare(graph, input) {
      const [batch, steps] = [input.shape[0]!, input.shape[1]!];
      const from = kernelInput(graph, frames(graph, input, dataFormat), dataFormat);
      const kernel = layer.weight('kernel', [...windows.kernel, from.channels, 4 * filters]);
      const all = conv(graph, from, windows, {
        kernel: outFirst(kernel),
        bias: biasOf(layer, 4 * filters),
        filters: 4 * filters,
      });
      const stored = asStored(all);
      const shape = [batch, steps, ...stored.shape.slice(1)];
      const sizes = stored.shape.slice(2);
      return {
        sequence: reshape(graph, stored, shape, [input]),
        state: isLast
          ? { dtype: 'float32', shape: [batch, ...sizes, filters], layout: 'channelsFirst' }
          : { dtype: 'float32', shape: [batch, filters, ...sizes] },
      };
    },
    step(graph, x, [h, c]) {
      const kernel = layer.weight('recurrent_kernel', [...windows.kernel, filters, 4 * filters]);
      const ones = [1, 1];
      const recurrent = conv(
        graph,
        spatial(graph, h!, dataFormat),
        { kernel: windows.kernel, strides: ones, dilations: ones, padding: 'same' },
        { kernel: outFirst(kernel), bias: undefined, filters: 4 * filters },
      );
      const z = binary(graph, 'Add', isLast ? asChannelsFirst(x) : x, recurrent);
      const parts = new Array<number>(4).fill(filters);
      return lstmGates(graph, split(graph, z, isLast ? 3 : 1, parts), c!, names);
    },
  };
}

/** `[batch, steps, …image]` → `[batch · steps, …image]`. */
function frames(graph: GraphBuilder, input: Value, dataFormat: DataFormat): Value {
  if (input.shape.length !== 5)
    throw new Refusal(
      `its input has rank ${input.shape.length}`,
      'Give it [batch, steps, …image].',
    );
  const rows = merged(graph, input);
  if (dataFormat === 'channelsFirst' || input.layout !== 'channelsFirst')
    return reshape(graph, input, [rows, ...input.shape.slice(2)]);
  // [N, C, T, H, W] → [N, T, C, H, W]: the channels come where the convolution wants them.
  const moved = transpose(graph, asStored(input), [0, 2, 1, 3, 4]);
  return asChannelsFirst(reshape(graph, moved, [rows, ...moved.shape.slice(2)]));
}

function merged(graph: GraphBuilder, { shape }: Value): number | string {
  const [batch, steps] = shape;
  return typeof batch === 'number' && typeof steps === 'number'
    ? batch * steps
    : graph.unknownDim('rows');
}
