import type { GraphBuilder, PortSpec } from '../graph/builder.ts';
import { broadcast, sameShape, slice, transpose, unsqueeze } from '../graph/ops.ts';
import type { Value } from '../graph/value.ts';
import { ConfigProblem } from '../model/config.ts';
import type { Shape } from '../onnx/model.ts';

function refuse(mask: Value, input: Value, why: string): ConfigProblem {
  return new ConfigProblem(
    `the mask [${mask.shape.join(', ')}] that tfjs carries here from layers before does not fit its input [${input.shape.join(', ')}]: ${why}`,
    'Keep masked branches apart, or leave out the masking.',
  );
}

/**
 * The executor's mask with as many steps as the input. tfjs reads a longer mask step by step and leaves the rest, of what it
 * has turned around where it goes backwards.
 */
export function fitMask(
  graph: GraphBuilder,
  mask: Value,
  input: Value,
  goBackwards: boolean,
): Value {
  const rank = input.shape.length;
  if (mask.shape.length !== rank - 1 && mask.shape.length !== rank)
    throw refuse(mask, input, 'it has another rank');
  if (mask.shape[0] !== input.shape[0])
    throw refuse(mask, input, 'its batch is elsewhere, as after a merge layer of tfjs');
  const [given, wanted] = [mask.shape[1]!, input.shape[1]!];
  if (given === wanted) return mask;
  if (typeof given === 'string' || typeof wanted === 'string')
    throw refuse(mask, input, 'only the run knows whether it has enough steps');
  if (given < wanted) throw refuse(mask, input, 'it has too few steps');
  return slice(graph, mask, 1, goBackwards ? given - wanted : 0, goBackwards ? given : wanted);
}

/** A mask with steps on axis 1 whose every step broadcasts to a state as that lies in memory. */
export function stepMask(
  graph: GraphBuilder,
  mask: Value,
  input: Value,
  { shape, layout }: PortSpec,
): Value {
  const rank = input.shape.length;
  const open: Shape = mask.shape.length < rank ? [...mask.shape, 1] : mask.shape;
  const perStep = [open[0]!, ...open.slice(2)];
  if (!holds(perStep, shape))
    throw refuse(mask, input, `a state of [${shape.join(', ')}] cannot take it`);
  if (layout !== 'channelsFirst')
    return mask.shape.length < rank ? unsqueeze(graph, mask, [rank - 1]) : mask;
  if (mask.shape.length < rank) return unsqueeze(graph, mask, [2]);
  return transpose(graph, mask, [0, 1, rank - 1, ...range(2, rank - 1)]);
}

function holds(mask: Shape, state: Shape): boolean {
  try {
    return sameShape(broadcast(mask, state), state);
  } catch {
    return false;
  }
}

function range(start: number, end: number): readonly number[] {
  return Array.from({ length: end - start }, (_, index) => start + index);
}
