import type { GraphBuilder } from '../graph/builder.ts';
import { withMask } from '../graph/ops.ts';
import type { Value } from '../graph/value.ts';
import { asArray, asObject, property } from '../model/json.ts';
import { cellOf, type Cell } from '../recurrent/cells.ts';
import { runCells, type Run } from '../recurrent/run-cells.ts';
import { ConfigProblem, type Layer, type LayerConverter } from './types.ts';

/** The options of all recurrent layers. */
export interface RecurrentOptions {
  readonly goBackwards: boolean;
  readonly returnSequences: boolean;
  readonly returnState: boolean;
}

export function recurrentOptions({ config }: Layer): RecurrentOptions {
  if (config.boolean('stateful', false))
    throw new ConfigProblem(
      'a stateful layer keeps its state between calls, which a graph cannot',
      'Build the model with stateful false.',
    );
  return {
    goBackwards: config.boolean('goBackwards', false),
    returnSequences: config.boolean('returnSequences', false),
    returnState: config.boolean('returnState', false),
  };
}

/** The outputs of a run in tfjs's order; all of them carry the first one's mask, as in its executor. */
export function outputsOfRun(
  run: Run,
  { returnSequences, returnState }: RecurrentOptions,
  mask: Value | undefined,
): readonly Value[] {
  const output = returnSequences ? run.sequence! : run.last;
  const all = returnState ? [output, ...run.states] : [output];
  return all.map((value) => withMask(value, returnSequences ? mask : undefined));
}

function convert(
  layer: Layer,
  cells: readonly Cell[],
  inputs: readonly Value[],
  graph: GraphBuilder,
): readonly Value[] {
  const options = recurrentOptions(layer);
  const [input, ...initialStates] = inputs;
  const run = runCells(graph, cells, input!, {
    goBackwards: options.goBackwards,
    mask: layer.executorMask,
    initialStates,
    needsSequence: options.returnSequences,
    inTimeOrder: false,
  });
  return outputsOfRun(run, options, input!.mask);
}

// Y = LSTM(X, W, R, B) | GRU | RNN   (opset 14)
const recurrentLayer: LayerConverter = (layer, inputs, graph) =>
  convert(layer, [cellOf(layer)], inputs, graph);

/** The cells of an RNN layer, bottom first. */
export function cellsOf(layer: Layer): readonly Cell[] {
  const cell = asObject(layer.config.raw('cell'), `${layer.name}: cell`);
  if (property(cell, 'className') !== 'StackedRNNCells')
    return [cellOf(layer.inner(cell, '').layer)];
  const config = asObject(property(cell, 'config'), `${layer.name}: cell.config`);
  return asArray(property(config, 'cells'), `${layer.name}: cells`).map((json, index) =>
    cellOf(layer.inner(asObject(json, `${layer.name}: cells[${index}]`), `RNNCell_${index}`).layer),
  );
}

// The same, one operator per cell
const rnn: LayerConverter = (layer, inputs, graph) => convert(layer, cellsOf(layer), inputs, graph);

export type RecurrentClass = 'GRU' | 'LSTM' | 'RNN' | 'SimpleRNN';

export const recurrent: Readonly<Record<RecurrentClass, LayerConverter>> = {
  GRU: recurrentLayer,
  LSTM: recurrentLayer,
  RNN: rnn,
  SimpleRNN: recurrentLayer,
};
