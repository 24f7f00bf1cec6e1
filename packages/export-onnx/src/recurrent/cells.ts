import { activationName, type ActivationName } from '../converters/activations.ts';
import { ConfigProblem, type Layer } from '../converters/types.ts';
import { floats, strings } from '../onnx/model.ts';
import { derived, float32, reshaped, transposed, type TensorData } from '../onnx/tensor-data.ts';
import type { Attributes } from '../graph/builder.ts';

/** One recurrent cell as the ONNX operator that runs it over a sequence. */
export interface Cell {
  readonly opType: 'RNN' | 'GRU' | 'LSTM';
  readonly units: number;
  /** How many tensors it carries from step to step: the output, and for LSTM the cell state. */
  readonly stateCount: number;
  readonly attributes: Attributes;
  /** W, R, B for inputs of so many features. */
  weights(features: number): readonly [TensorData, TensorData, TensorData | undefined];
}

interface Kind {
  readonly opType: Cell['opType'];
  readonly stateCount: number;
  /** Positions of ONNX's gates among tfjs's. */
  readonly gates: readonly number[];
  /** Config keys of the activations in ONNX's order. */
  readonly activations: readonly ('activation' | 'recurrentActivation')[];
}

const kinds: Readonly<Record<string, Kind>> = {
  SimpleRNN: { opType: 'RNN', stateCount: 1, gates: [0], activations: ['activation'] },
  GRU: {
    opType: 'GRU',
    stateCount: 1,
    gates: [0, 1, 2],
    activations: ['recurrentActivation', 'activation'],
  },
  LSTM: {
    opType: 'LSTM',
    stateCount: 2,
    // tfjs: i f c o; ONNX: i o f c.
    gates: [0, 3, 1, 2],
    activations: ['recurrentActivation', 'activation', 'activation'],
  },
};

/** ONNX's names, with every parameter spelled out: ORT's own defaults for Affine are not those of the specification. */
const onnxActivations: Readonly<
  Partial<
    Record<
      ActivationName,
      { readonly name: string; readonly alpha?: number; readonly beta?: number }
    >
  >
> = {
  elu: { name: 'Elu', alpha: 1 },
  hardSigmoid: { name: 'HardSigmoid', alpha: 0.2, beta: 0.5 },
  linear: { name: 'Affine', alpha: 1, beta: 0 },
  relu: { name: 'Relu' },
  sigmoid: { name: 'Sigmoid' },
  softplus: { name: 'Softplus' },
  softsign: { name: 'Softsign' },
  tanh: { name: 'Tanh' },
};

/** The cell of an RNN layer or of a cell layer (`LSTM`, `LSTMCell`). */
export function cellOf(layer: Layer): Cell {
  const { config } = layer;
  const kind = kinds[layer.className.replace(/Cell$/, '')];
  if (kind === undefined)
    throw new ConfigProblem(
      `there is no converter for the cell ${layer.className}`,
      `Known: ${Object.keys(kinds).join(', ')}.`,
    );
  if (config.raw('resetAfter') === true)
    throw new ConfigProblem('GRU with resetAfter does not run in tfjs', 'Use resetAfter false.');
  const units = config.size('units');
  const hasBias = config.boolean('useBias', true);
  return {
    opType: kind.opType,
    units,
    stateCount: kind.stateCount,
    attributes: activationAttributes(layer, kind),
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

function activationAttributes({ config }: Layer, { activations }: Kind): Attributes {
  const used = activations.map((key) => {
    const name = activationName(config, key, key === 'activation' ? 'tanh' : 'hardSigmoid');
    const found = onnxActivations[name];
    if (found !== undefined) return found;
    throw new ConfigProblem(
      `${key} "${name}" is not among those of ONNX's recurrent operators`,
      `Use one of ${Object.keys(onnxActivations).join(', ')}.`,
    );
  });
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
