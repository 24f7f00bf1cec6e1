import { Refusal } from '../../graph/refusal.ts';
import { activationName } from '../activations.ts';
import type { Layer } from '../layer.ts';
import { convLstmSteps } from './conv-lstm.ts';
import { operatorOf, type Operator } from './operators.ts';
import { gruSteps, lstmSteps, simpleSteps, type CellActivations, type Steps } from './steps.ts';

/** One recurrent cell in the two forms that ONNX has for it. */
export interface Cell {
  /** How many tensors it carries from step to step: the output, and for LSTM the cell state. */
  readonly stateCount: number;
  /** The operator that runs it over a sequence; undefined where ONNX has none. */
  readonly operator: Operator | undefined;
  /** The same step by step, in ordinary nodes. */
  readonly steps: Steps;
}

const stepsOf: Readonly<Record<string, (layer: Layer, activations: CellActivations) => Steps>> = {
  ConvLSTM2D: convLstmSteps,
  GRU: gruSteps,
  LSTM: lstmSteps,
  SimpleRNN: simpleSteps,
};

/** The cell of an RNN layer or of a cell layer (`LSTM`, `LSTMCell`). */
export function cellOf(layer: Layer): Cell {
  const { config } = layer;
  const kind = layer.className.replace(/Cell$/, '');
  if (!Object.hasOwn(stepsOf, kind))
    throw new Refusal(
      `there is no converter for the cell ${layer.className}`,
      `Known: ${Object.keys(stepsOf).join(', ')}.`,
    );
  if (config.raw('resetAfter') === true)
    throw new Refusal('GRU with resetAfter does not run in tfjs', 'Use resetAfter false.');
  const activations: CellActivations = {
    activation: activationName(config, 'activation', 'tanh'),
    recurrentActivation: activationName(config, 'recurrentActivation', 'hardSigmoid'),
  };
  return {
    stateCount: kind === 'LSTM' || kind === 'ConvLSTM2D' ? 2 : 1,
    operator: operatorOf(layer, kind, activations),
    steps: stepsOf[kind]!(layer, activations),
  };
}
