import type { GraphBuilder, PortSpec } from '../../graph/builder.ts';
import {
  binary,
  broadcast,
  cast,
  compare,
  reduce,
  sameShape,
  scalar,
  slice,
  transpose,
  unsqueeze,
} from '../../graph/ops.ts';
import { Refusal } from '../../graph/refusal.ts';
import type { Value } from '../../graph/value.ts';
import { int, type Shape } from '../../onnx/model.ts';
import { int64 } from '../../onnx/tensor-data.ts';

function refuse(mask: Value, input: Value, why: string): Refusal {
  return new Refusal(
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

/** A masked sequence with the steps that count moved to the front, in their order. */
export interface Packed {
  /** `[batch, steps, features]`. */
  readonly sequence: Value;
  /** How many steps count, int32 `[batch]`. */
  readonly lengths: Value;
  /** Puts what was computed for packed steps back: at step t the result of the last counting step up to t, or `before`. */
  unpack(packed: Value, before: Value | undefined): Value;
  /** The final state where any step counts, else `before`. */
  lastOr(state: Value, before: Value | undefined): Value;
}

// Larger than any number of steps, and small enough that both are exact in float32 together.
const FRONT = 2 ** 22;

/**
 * ONNX's recurrent operators know lengths, not masks; tfjs holds the state through masked steps wherever they are. Sorting the
 * steps that count to the front makes the two agree for every mask.
 */
export function pack(graph: GraphBuilder, sequence: Value, mask: Value): Packed {
  const counts = cast(graph, mask, 'float32');
  const axis = graph.constant('axis_1', int64([], [1]));
  const ones = binary(graph, 'Add', binary(graph, 'Sub', counts, counts), scalar(graph, 1));
  const time = graph.op('CumSum', [ones, axis], ones);
  const front = binary(graph, 'Mul', counts, scalar(graph, FRONT));
  const score = binary(graph, 'Sub', { ...front, shape: mask.shape }, time);
  const [, order] = graph.node(
    'TopK',
    [score, stepCount(graph, sequence)],
    [score, { dtype: 'int64', shape: mask.shape }],
    { axis: int(1), largest: int(1), sorted: int(1) },
  );
  const total = reduce(graph, 'ReduceSum', counts, [1], false);
  const seen = graph.op('CumSum', [cast(graph, mask, 'int64'), axis], {
    dtype: 'int64',
    shape: mask.shape,
  });
  return {
    sequence: takeSteps(graph, sequence, order!),
    lengths: cast(graph, total, 'int32'),
    unpack(packed, before) {
      const one = graph.constant('one', int64([], [1]));
      const zero = graph.constant('zero_int64', int64([], [0]));
      const last = graph.op('Max', [binary(graph, 'Sub', seen, one), zero], seen);
      const hasAny = unsqueeze(graph, compare(graph, 'Greater', seen, zero), [2]);
      const start = before === undefined ? scalar(graph, 0) : unsqueeze(graph, before, [1]);
      return graph.op('Where', [hasAny, takeSteps(graph, packed, last), start], packed);
    },
    lastOr(state, before) {
      if (before === undefined) return state;
      const hasAny = unsqueeze(graph, compare(graph, 'Greater', total, scalar(graph, 0)), [1]);
      return graph.op('Where', [hasAny, state, before], state);
    },
  };
}

function stepCount(graph: GraphBuilder, sequence: Value): Value {
  const steps = sequence.shape[1]!;
  if (typeof steps === 'number') return graph.constant(`k_${steps}`, int64([1], [steps]));
  const shape = graph.op('Shape', [sequence], { dtype: 'int64', shape: [sequence.shape.length] });
  return slice(graph, shape, 0, 1, 2);
}

/** `[batch, steps, features]` at the positions `[batch, steps]`. */
function takeSteps(graph: GraphBuilder, sequence: Value, positions: Value): Value {
  const indices = unsqueeze(graph, positions, [2]);
  return graph.op('GatherND', [sequence, indices], sequence, { batch_dims: int(1) });
}
