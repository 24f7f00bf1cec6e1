import type { Attributes, GraphBuilder, PortSpec } from '../../graph/builder.ts';
import { channelsFirst, plain } from '../../graph/layout.ts';
import { zeros } from '../../graph/shapes.ts';
import type { Value } from '../../graph/value.ts';
import { int, ints, type Attribute } from '../../onnx/model.ts';
import { stepMask } from './masks.ts';
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
  const states = new Array<PortSpec>(stateCount).fill(state);
  const given = options.initialStates(state);
  const initial = states.map((_, index) =>
    given.length > 0 ? stored(graph, given[index]!, state) : zeros(graph, state, [sequence, input]),
  );
  const mask = options.mask && stepMask(graph, options.mask, input, state);
  const scanned = mask === undefined ? [sequence] : [sequence, mask];
  const body = graph.body('step', [...states, ...scanned.map(atOneStep)], (inner, received) => {
    const before = received.slice(0, stateCount);
    const [x, counts] = received.slice(stateCount);
    const after = steps
      .step(inner, x!, before)
      .map((value, index) =>
        counts === undefined ? value : inner.op('Where', [counts, value, before[index]], state),
      );
    return needsSequence ? [...after, after[0]!] : after;
  });
  const outputs = needsSequence ? [...states, allSteps(state, sequence.shape[1]!)] : states;
  const attributes = scanAttributes(scanned.length, options, state);
  const made = graph.node('Scan', [...initial, ...scanned], outputs, {
    body: { type: 'graph', value: body },
    ...attributes,
  });
  return { sequence: made[stateCount], states: made.slice(0, stateCount) };
}

/** Steps are on axis 1 of what goes in, and come where the layout of the states has them. */
function scanAttributes(
  inputCount: number,
  { goBackwards, needsSequence, isTurned }: StepsOptions,
  { layout }: PortSpec,
): Attributes {
  const perInput = (value: number): Attribute => ints(new Array<number>(inputCount).fill(value));
  return {
    num_scan_inputs: int(inputCount),
    scan_input_axes: perInput(1),
    scan_input_directions: perInput(goBackwards ? 1 : 0),
    ...(needsSequence
      ? {
          scan_output_axes: ints([layout === 'channelsFirst' ? 2 : 1]),
          scan_output_directions: ints([isTurned ? 1 : 0]),
        }
      : {}),
  };
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
