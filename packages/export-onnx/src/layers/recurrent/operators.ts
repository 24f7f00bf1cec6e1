import type { Attributes, GraphBuilder, PortSpec } from '../../graph/builder.ts';
import { plain } from '../../graph/layout.ts';
import { exactDim, squeeze, transpose, turned, unsqueeze } from '../../graph/ops.ts';
import type { Value } from '../../graph/value.ts';
import { floats, int, string, strings } from '../../onnx/model.ts';
import { derived, float32, reshaped, type TensorData, transposed } from '../../onnx/tensor-data.ts';
import type { ActivationName } from '../activations.ts';
import type { Layer } from '../layer.ts';
import { pack } from './masks.ts';
import type { Run, RunOptions } from './run.ts';
import { type CellActivations, checkSequence } from './steps.ts';

/** A cell as the ONNX operator that runs it over a sequence. */
export interface Operator {
  readonly opType: 'RNN' | 'GRU' | 'LSTM';
  readonly units: number;
  readonly attributes: Attributes;
  /** W, R, B for inputs of so many features. */
  weights(features: number): readonly [TensorData, TensorData, TensorData | undefined];
}

interface Kind {
  readonly opType: Operator['opType'];
  /** Positions of ONNX's gates among tfjs's. */
  readonly gates: readonly number[];
  /** The activations in ONNX's order. */
  readonly activations: readonly (keyof CellActivations)[];
}

const kinds: Readonly<Record<string, Kind>> = {
  SimpleRNN: { opType: 'RNN', gates: [0], activations: ['activation'] },
  GRU: { opType: 'GRU', gates: [0, 1, 2], activations: ['recurrentActivation', 'activation'] },
  LSTM: {
    opType: 'LSTM',
    // tfjs: i f c o; ONNX: i o f c.
    gates: [0, 3, 1, 2],
    activations: ['recurrentActivation', 'activation', 'activation'],
  },
};

interface OnnxActivation {
  readonly name: string;
  readonly alpha?: number;
  readonly beta?: number;
}

/**
 * ONNX's names, with every parameter spelled out: ORT's own defaults for Affine are not those of the specification. Softplus is
 * left out, for ORT's operators compute log(1 + exp(x)) and overflow.
 */
const onnxActivations: Readonly<Partial<Record<ActivationName, OnnxActivation>>> = {
  elu: { name: 'Elu', alpha: 1 },
  hardSigmoid: { name: 'HardSigmoid', alpha: 0.2, beta: 0.5 },
  linear: { name: 'Affine', alpha: 1, beta: 0 },
  relu: { name: 'Relu' },
  sigmoid: { name: 'Sigmoid' },
  softsign: { name: 'Softsign' },
  tanh: { name: 'Tanh' },
};

/** The operator of a cell; undefined where ONNX has none for the kind, or the kind's operator lacks an activation. */
export function operatorOf(
  layer: Layer,
  kindName: string,
  activations: CellActivations,
): Operator | undefined {
  const kind = Object.hasOwn(kinds, kindName) ? kinds[kindName] : undefined;
  if (kind === undefined) return undefined;
  const attributes = activationAttributes(kind.activations.map((key) => activations[key]));
  if (attributes === undefined) return undefined;
  const units = layer.config.size('units');
  const hasBias = layer.config.boolean('useBias', true);
  return {
    opType: kind.opType,
    units,
    attributes,
    weights(features) {
      const width = kind.gates.length * units;
      const kernel = layer.weight('kernel', [features, width]);
      const recurrent = layer.weight('recurrent_kernel', [units, width]);
      const bias = hasBias ? layer.weight('bias', [width]) : undefined;
      return [
        gatesFirst(kernel, kind.gates, units),
        gatesFirst(recurrent, kind.gates, units),
        bias && biasPair(bias, kind.gates, units),
      ];
    },
  };
}

function activationAttributes(names: readonly ActivationName[]): Attributes | undefined {
  const used = names.flatMap((name) => onnxActivations[name] ?? []);
  if (used.length < names.length) return undefined;
  const alphas = used.flatMap(({ alpha }) => alpha ?? []);
  const betas = used.flatMap(({ beta }) => beta ?? []);
  return {
    activations: strings(used.map(({ name }) => name)),
    ...(alphas.length > 0 ? { activation_alpha: floats(alphas) } : {}),
    ...(betas.length > 0 ? { activation_beta: floats(betas) } : {}),
  };
}

/** `[in, gates · units]` → `[1, gates · units, in]`, gates in ONNX's order. */
function gatesFirst(kernel: TensorData, gates: readonly number[], units: number): TensorData {
  const [features, width] = kernel.shape as [number, number];
  const turned = transposed(kernel, [1, 0]);
  const block = units * features;
  return derived([turned], `gates ${gates.join()}`, [1, width, features], (elements) => {
    const from = elements as Float32Array;
    const out = new Float32Array(from.length);
    gates.forEach((gate, index) => {
      out.set(from.subarray(gate * block, (gate + 1) * block), index * block);
    });
    return out;
  });
}

/** tfjs has one bias, ONNX one for the input and one for the state: the second stays 0. */
function biasPair(bias: TensorData, gates: readonly number[], units: number): TensorData {
  const width = gates.length * units;
  const ordered = gatesFirst(reshaped(bias, [1, width]), gates, units);
  return derived(
    [ordered, float32([width], new Float32Array(width))],
    'pair',
    [1, 2 * width],
    (...all) => {
      const out = new Float32Array(2 * width);
      out.set(all[0] as Float32Array);
      return out;
    },
  );
}

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
