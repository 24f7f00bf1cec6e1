import type { GraphBuilder, PortSpec } from '../graph/builder.ts';
import { channelsFirst, plain } from '../graph/layout.ts';
import { zeros } from '../graph/shapes.ts';
import type { Value } from '../graph/value.ts';
import { int, ints } from '../onnx/model.ts';
import { stepMask } from './fit-mask.ts';
import type { Steps } from './steps.ts';

export interface StepsOptions {
  readonly goBackwards: boolean;
  /** With the input's batch and steps. */
  readonly mask: Value | undefined;
  /** Empty for zeros. */
  readonly initialStates: (state: PortSpec) => readonly Value[];
  readonly stateCount: number;
  readonly needsSequence: boolean;
  /** Whether the sequence comes against the order of the run. */
  readonly isTurned: boolean;
}

export interface StepsRun {
  readonly sequence: Value | undefined;
  readonly states: readonly Value[];
}

// states, Y = Scan(initial states, X, mask)   (opset 16); masked steps hold the state
export function runSteps(
  graph: GraphBuilder,
  steps: Steps,
  input: Value,
  options: StepsOptions,
): StepsRun {
  const { stateCount, needsSequence } = options;
  const { sequence, state } = steps.prepare(graph, input);
  const given = options.initialStates(state);
  const initial =
    given.length > 0
      ? given.map((value) => stored(graph, value, state))
      : new Array<Value>(stateCount).fill(zeros(graph, state, [sequence, input]));
  const mask = options.mask && stepMask(graph, options.mask, input, state);
  const scanned = mask === undefined ? [sequence] : [sequence, mask];
  const ports = [...new Array<PortSpec>(stateCount).fill(state), ...scanned.map(atOneStep)];
  const body = graph.body('step', ports, (inner, received) => {
    const before = received.slice(0, stateCount);
    const [x, counts] = received.slice(stateCount);
    const after = steps
      .step(inner, x!, before)
      .map((value, index) =>
        counts === undefined ? value : inner.op('Where', [counts, value, before[index]], state),
      );
    return needsSequence ? [...after, after[0]!] : after;
  });
  const all = allSteps(state, sequence.shape[1]!);
  const outputs = graph.node(
    'Scan',
    [...initial, ...scanned],
    [...new Array<PortSpec>(stateCount).fill(state), ...(needsSequence ? [all] : [])],
    {
      body: { type: 'graph', value: body },
      num_scan_inputs: int(scanned.length),
      scan_input_axes: ints(scanned.map(() => 1)),
      scan_input_directions: ints(scanned.map(() => (options.goBackwards ? 1 : 0))),
      ...(needsSequence
        ? {
            scan_output_axes: ints([all.layout === 'channelsFirst' ? 2 : 1]),
            scan_output_directions: ints([options.isTurned ? 1 : 0]),
          }
        : {}),
    },
  );
  return { sequence: outputs[stateCount], states: outputs.slice(0, stateCount) };
}

function stored(graph: GraphBuilder, value: Value, { layout }: PortSpec): Value {
  return layout === 'channelsFirst' ? channelsFirst(graph, value) : plain(graph, value);
}

function atOneStep({ dtype, shape }: Value): PortSpec {
  return { dtype, shape: [shape[0]!, ...shape.slice(2)] };
}

function allSteps({ dtype, shape, layout = 'plain' }: PortSpec, steps: number | string): PortSpec {
  return { dtype, shape: [shape[0]!, steps, ...shape.slice(1)], layout };
}
