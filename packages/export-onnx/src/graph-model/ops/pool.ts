import { Refusal } from '../../graph/refusal.ts';
import { spatial } from '../../graph/spatial.ts';
import { int, ints } from '../../onnx/model.ts';
import { emits, type OpConverter } from '../op.ts';
import { floatInput, mustBeLast, perSide, place, windowsOf } from './windows.ts';

// Y = MaxPool(X) | AveragePool(X), padding never counted   (opset 11, 12)
export const pool = (opType: 'MaxPool' | 'AveragePool', rank: number): OpConverter =>
  emits((call) => {
    mustBeLast(call);
    const { attributes, graph } = call;
    if (attributes.text('padding', 'VALID') === 'EXPLICIT')
      throw new Refusal('pools with pads of their own do not run in tfjs', 'Use SAME or VALID.');
    const kernel = perSide(attributes.ints('ksize'), rank, 'channelsLast');
    const from = spatial(graph, floatInput(call, rank + 2), 'channelsLast');
    const placed = place(call, from, windowsOf(call, kernel, 'channelsLast'));
    const more = opType === 'MaxPool' ? {} : { count_include_pad: int(0) };
    return graph.op(opType, [placed.input], from.output(from.channels, placed.sizes), {
      ...placed.attributes,
      ...more,
      kernel_shape: ints(kernel),
    });
  });
