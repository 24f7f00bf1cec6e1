import type { GraphBuilder, PortSpec } from '../graph/builder.ts';
import { plain } from '../graph/layout.ts';
import { exactDim, squeeze, transpose, turned, unsqueeze } from '../graph/ops.ts';
import type { Value } from '../graph/value.ts';
import { int, string } from '../onnx/model.ts';
import { pack } from './masked.ts';
import type { Operator } from './operators.ts';
import type { Run, RunOptions } from './run.ts';
import { checkSequence } from './steps.ts';

/** Stacked cells as one ONNX operator each. */
export function runOperators(
  graph: GraphBuilder,
  operators: readonly Operator[],
  input: Value,
  { goBackwards, mask, initialStates, needsSequence, isTurned }: RunOptions,
): Run {
  checkSequence(input);
  const from = plain(graph, input);
  // The operator can run backwards by itself, but not stacked, and not over packed steps.
  const isReversed = goBackwards && mask === undefined && operators.length === 1;
  const isTurnedFirst = goBackwards && !isReversed;
  const ordered = isTurnedFirst ? turned(graph, from) : from;
  const packed = mask && pack(graph, ordered, isTurnedFirst ? turned(graph, mask) : mask);
  let sequence = packed?.sequence ?? ordered;
  let start: Value | undefined;
  const finals = operators.map((operator, index) => {
    const state: PortSpec = { dtype: 'float32', shape: [from.shape[0]!, operator.units] };
    const before = initialStates.of(index, state);
    const scoped = operators.length === 1 ? graph : graph.within(`cell_${index}`);
    const direction = isReversed ? 'reverse' : 'forward';
    const run = runOperator(scoped, operator, sequence, before, packed?.lengths, direction);
    [sequence, start] = [run.all, before[0]];
    return run.states.map((value, place) => packed?.lastOr(value, before[place]) ?? value);
  });
  return {
    sequence: needsSequence
      ? inOrder(graph, packed?.unpack(sequence, start) ?? sequence, isReversed !== isTurned)
      : undefined,
    last: finals.at(-1)![0]!,
    states: finals.toReversed().flat(),
  };
}

/** A reversed operator gives its sequence in the order of time, which is against that of the run. */
function inOrder(graph: GraphBuilder, sequence: Value, wantsTurn: boolean): Value {
  return wantsTurn ? turned(graph, sequence) : sequence;
}

// Y, Y_h, Y_c = LSTM(X [T, N, F], W, R, B, lengths, H₀, C₀)   (opset 14); GRU and RNN have no C
function runOperator(
  graph: GraphBuilder,
  operator: Operator,
  input: Value,
  initial: readonly Value[],
  lengths: Value | undefined,
  direction: 'forward' | 'reverse',
): { readonly all: Value; readonly states: readonly Value[] } {
  const [batch, steps] = [input.shape[0]!, input.shape[1]!];
  const { opType, units, attributes } = operator;
  const [w, r, b] = operator.weights(exactDim(input, 2, 'the number of features'));
  const state = { dtype: 'float32', shape: [1, batch, units] } as const;
  const inputs = [
    transpose(graph, input, [1, 0, 2]),
    graph.constant('kernel', w),
    graph.constant('recurrent_kernel', r),
    b && graph.constant('bias', b),
    lengths,
    ...initial.map((value) => unsqueeze(graph, value, [0])),
  ];
  while (inputs.at(-1) === undefined) inputs.pop();
  const [all, ...finals] = graph.node(
    opType,
    inputs,
    [
      { dtype: 'float32', shape: [steps, 1, batch, units] },
      ...new Array<typeof state>(opType === 'LSTM' ? 2 : 1).fill(state),
    ],
    { ...attributes, direction: string(direction), hidden_size: int(units) },
  );
  return {
    all: transpose(graph, squeeze(graph, all!, [1]), [1, 0, 2]),
    states: finals.map((value) => squeeze(graph, value, [0])),
  };
}
