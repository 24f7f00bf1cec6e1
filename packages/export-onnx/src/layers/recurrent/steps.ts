import type { GraphBuilder, PortSpec } from '../../graph/builder.ts';
import { plain } from '../../graph/layout.ts';
import { binary, exactDim, matMul, scalar, split } from '../../graph/ops.ts';
import { Refusal } from '../../graph/refusal.ts';
import type { Value } from '../../graph/value.ts';
import { derived, type TensorData } from '../../onnx/tensor-data.ts';
import { activations, type Activation, type ActivationName } from '../activations.ts';
import type { Layer } from '../layer.ts';

/** The two activations of a cell. */
export interface CellActivations {
  readonly activation: ActivationName;
  /** Of the gates; SimpleRNN has none. */
  readonly recurrentActivation: ActivationName;
}

/** A sequence made ready for the steps. */
export interface Prepared {
  /** What the steps read, plain, steps on axis 1. */
  readonly sequence: Value;
  /** Each state of the cell. */
  readonly state: PortSpec;
}

/** A recurrent cell in ordinary nodes. */
export interface Steps {
  /** Does for all steps at once what needs no state. */
  prepare(graph: GraphBuilder, input: Value): Prepared;
  /** The states after a step, the output first. */
  step(graph: GraphBuilder, x: Value, states: readonly Value[]): readonly Value[];
}

/** Steps on vectors: x W + b for all steps at once. */
function vectorSteps(
  layer: Layer,
  gates: number,
  step: (units: number, recurrent: TensorData) => Steps['step'],
): Steps {
  const units = layer.config.size('units');
  const width = gates * units;
  const hasBias = layer.config.boolean('useBias', true);
  return {
    prepare(graph, input) {
      checkSequence(input);
      const features = exactDim(input, -1, 'the number of features');
      const kernel = graph.constant('kernel', layer.weight('kernel', [features, width]));
      const product = matMul(graph, plain(graph, input), kernel);
      const bias = hasBias ? graph.constant('bias', layer.weight('bias', [width])) : undefined;
      return {
        sequence: bias ? binary(graph, 'Add', product, bias) : product,
        state: { dtype: 'float32', shape: [input.shape[0]!, units] },
      };
    },
    step: (graph, x, states) =>
      step(units, layer.weight('recurrent_kernel', [units, width]))(graph, x, states),
  };
}

/** Cells on vectors take `[batch, steps, features]`. */
export function checkSequence({ shape }: Value): void {
  if (shape.length !== 3)
    throw new Refusal(`its input has rank ${shape.length}`, 'Give it [batch, steps, features].');
}

// Y = Gemm(H, R, X)  H·R + X   (opset 13)
function joined(graph: GraphBuilder, h: Value, recurrent: Value, x: Value): Value {
  return graph.op('Gemm', [h, recurrent, x], x);
}

/** h' = activation(x + h R). */
export function simpleSteps(layer: Layer, { activation }: CellActivations): Steps {
  return vectorSteps(layer, 1, (_, recurrent) => (graph, x, [h]) => {
    const kernel = graph.constant('recurrent_kernel', recurrent);
    return [activations[activation](graph, joined(graph, h!, kernel, x))];
  });
}

/** z, r = gate(x + h R); h' = z h + (1 − z) activation(x + (r h) R). Cho et al. 2014, with the reset before the product. */
export function gruSteps(layer: Layer, names: CellActivations): Steps {
  const { gate, activation } = functionsOf(names);
  return vectorSteps(layer, 3, (units, recurrent) => (graph, x, [h]) => {
    const gates = graph.constant('recurrent_kernel_gates', columns(recurrent, 0, 2 * units));
    const inner = graph.constant('recurrent_kernel', columns(recurrent, 2 * units, 3 * units));
    const [xGates, xInner] = split(graph, x, 1, [2 * units, units]);
    const [z, r] = split(graph, joined(graph, h!, gates, xGates!), 1, [units, units]).map((part) =>
      gate(graph, part),
    );
    const reset = binary(graph, 'Mul', r!, h!);
    const candidate = activation(graph, joined(graph, reset, inner, xInner!));
    const rest = binary(graph, 'Sub', scalar(graph, 1), z!);
    const kept = binary(graph, 'Mul', z!, h!);
    return [
      binary(graph, 'Add', kept, binary(graph, 'Mul', { ...rest, shape: z!.shape }, candidate)),
    ];
  });
}

/** i, f, o = gate(x + h R); c' = f c + i activation(x + h R); h' = o activation(c'). */
export function lstmSteps(layer: Layer, names: CellActivations): Steps {
  return vectorSteps(layer, 4, (units, recurrent) => (graph, x, [h, c]) => {
    const kernel = graph.constant('recurrent_kernel', recurrent);
    const z = joined(graph, h!, kernel, x);
    return lstmGates(graph, split(graph, z, 1, new Array<number>(4).fill(units)), c!, names);
  });
}

/** The states of an LSTM after a step, given its gates before their activations in the order of tfjs: i f c o. */
export function lstmGates(
  graph: GraphBuilder,
  gates: readonly Value[],
  c: Value,
  names: CellActivations,
): readonly [h: Value, c: Value] {
  const { gate, activation } = functionsOf(names);
  const [i, f, o] = [gates[0]!, gates[1]!, gates[3]!].map((value) => gate(graph, value));
  const added = binary(graph, 'Mul', i!, activation(graph, gates[2]!));
  const next = binary(graph, 'Add', binary(graph, 'Mul', f!, c), added);
  return [binary(graph, 'Mul', o!, activation(graph, next)), next];
}

function functionsOf(names: CellActivations): {
  readonly gate: Activation;
  readonly activation: Activation;
} {
  return {
    gate: activations[names.recurrentActivation],
    activation: activations[names.activation],
  };
}

/** Columns `[start, end)` of a matrix. */
function columns(matrix: TensorData, start: number, end: number): TensorData {
  const [rows, width] = matrix.shape as [number, number];
  return derived([matrix], `columns ${start} ${end}`, [rows, end - start], (elements) => {
    const from = elements as Float32Array;
    const out = new Float32Array(rows * (end - start));
    for (let row = 0; row < rows; row++)
      out.set(from.subarray(row * width + start, row * width + end), row * (end - start));
    return out;
  });
}
