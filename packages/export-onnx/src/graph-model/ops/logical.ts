import { cast } from '../../graph/ops.ts';
import { Refusal } from '../../graph/refusal.ts';
import type { Value } from '../../graph/value.ts';
import type { Shape } from '../../onnx/model.ts';
import { align } from '../align.ts';
import { broadcastShape, input, stored, type OpConverter, type OpConverters } from '../op.ts';
import { tensorOf, tensorOfKnown } from '../tensor.ts';
import { computed, exactly, operands } from './operands.ts';

const comparing =
  (opType: string, compute: (a: number, b: number) => boolean, isNegated = false): OpConverter =>
  (call) => {
    const known = computed(
      call,
      exactly((a, b) => Number(compute(a, b))),
      'bool',
    );
    if (known !== undefined) return known;
    const { a, b, out } = operands(call);
    const spec = { ...out, dtype: 'bool' } as const;
    const result = call.graph.op(opType, [a, b], spec);
    return tensorOf(isNegated ? call.graph.op('Not', [result], spec) : result);
  };

const select: OpConverter = (call) => {
  const [condition, a, b] = [input(call, 0), input(call, 1), input(call, 2)];
  const rank = Math.max(a.shape.length, b.shape.length);
  if (call.op === 'Select' && condition.shape.length === 1 && rank > 1)
    throw new Refusal(
      'Select with a vector as condition picks rows in TensorFlow and columns in tfjs',
      'Give the condition the rank of what it selects.',
    );
  const known = condition.known?.[0];
  if (
    condition.shape.length === 0 &&
    typeof known === 'number' &&
    a.shape.join() === b.shape.join()
  )
    return known === 0 ? b : a;
  const { values, layout } = align([condition, a, b], call.scope);
  const shape: Shape = broadcastShape(
    call,
    broadcastShape(call, condition.shape, a.shape),
    b.shape,
  );
  const [c, x, y] = values as [Value, Value, Value];
  return tensorOf(
    call.graph.op('Where', [cast(call.graph, c, 'bool'), x, y], { ...x, shape, layout }),
  );
};

export const logical: OpConverters = {
  Equal: comparing('Equal', (a, b) => a === b),
  Greater: comparing('Greater', (a, b) => a > b),
  GreaterEqual: comparing('GreaterOrEqual', (a, b) => a >= b),
  Less: comparing('Less', (a, b) => a < b),
  LessEqual: comparing('LessOrEqual', (a, b) => a <= b),
  LogicalAnd: comparing('And', (a, b) => a !== 0 && b !== 0),
  LogicalNot: (call) => {
    const { known, shape } = input(call, 0);
    if (known?.every((dim) => typeof dim === 'number') === true)
      return tensorOfKnown(
        'bool',
        shape as number[],
        known.map((x) => Number(x === 0)),
      )!;
    const x = stored(call, 0);
    return tensorOf(call.graph.op('Not', [x], x));
  },
  LogicalOr: comparing('Or', (a, b) => a !== 0 || b !== 0),
  NotEqual: comparing('Equal', (a, b) => a !== b, true),
  Select: select,
  SelectV2: select,
};
