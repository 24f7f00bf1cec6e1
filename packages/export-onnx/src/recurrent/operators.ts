import type { ActivationName } from '../converters/activations.ts';
import type { Layer } from '../converters/types.ts';
import type { Attributes } from '../graph/builder.ts';
import { floats, strings } from '../onnx/model.ts';
import { derived, float32, reshaped, transposed, type TensorData } from '../onnx/tensor-data.ts';
import type { CellActivations } from './steps.ts';

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
