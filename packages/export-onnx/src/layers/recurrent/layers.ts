import { asArray, asObject, property } from '../../artifacts/json.ts';
import type { GraphBuilder } from '../../graph/builder.ts';
import { withMask } from '../../graph/ops.ts';
import { Refusal, forAll } from '../../graph/refusal.ts';
import type { Value } from '../../graph/value.ts';
import type { Layer, LayerConverter, StateMemory } from '../layer.ts';
import { cellOf, type Cell } from './cells.ts';
import { runCells } from './run-cells.ts';
import type { InitialStates, Run, RunOptions } from './run.ts';

/** The options of all recurrent layers. */
export interface RecurrentOptions {
  readonly goBackwards: boolean;
  readonly returnSequences: boolean;
  readonly returnState: boolean;
  readonly isStateful: boolean;
}

export function recurrentOptions({ config }: Layer): RecurrentOptions {
  return {
    goBackwards: config.boolean('goBackwards', false),
    returnSequences: config.boolean('returnSequences', false),
    returnState: config.boolean('returnState', false),
    isStateful: config.boolean('stateful', false),
  };
}

/** States given from outside, in tfjs's order: the last cell's first. Empty for zeros. */
function givenStates(cells: readonly Cell[], values: readonly Value[]): InitialStates {
  const total = cells.reduce((sum, { stateCount }) => sum + stateCount, 0);
  if (values.length !== 0 && values.length !== total)
    throw new Refusal(
      `it has ${values.length} initial states, its cells need ${total}`,
      'Give one per state.',
    );
  return {
    of(cell) {
      const after = cells.slice(cell + 1).reduce((sum, { stateCount }) => sum + stateCount, 0);
      return values.slice(after, after + cells[cell]!.stateCount);
    },
  };
}

/** States that a stateful layer remembers. */
function rememberedStates(
  cells: readonly Cell[],
  memory: StateMemory,
  part: string,
): InitialStates {
  const count = cells.reduce((sum, { stateCount }) => sum + stateCount, 0);
  return {
    of(cell, state) {
      const after = cells.slice(cell + 1).reduce((sum, { stateCount }) => sum + stateCount, 0);
      return Array.from({ length: cells[cell]!.stateCount }, (_, index) =>
        memory.recall(part, after + index, count, state),
      ).flatMap((value) => value ?? []);
    },
  };
}

/** A run of a layer or of one direction of it, from the states given or remembered. */
export function runLayer(
  layer: Layer,
  cells: readonly Cell[],
  [input, ...states]: readonly Value[],
  graph: GraphBuilder,
  options: Omit<RunOptions, 'mask' | 'initialStates'> & {
    readonly isStateful: boolean;
    readonly part: string;
  },
): Run {
  const { isStateful, part } = options;
  const run = runCells(graph, cells, input!, {
    ...options,
    mask: layer.executorMask,
    initialStates:
      isStateful && states.length === 0
        ? rememberedStates(cells, layer.memory, part)
        : givenStates(cells, states),
  });
  if (isStateful) layer.memory.keep(part, run.states);
  return run;
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
  const run = runLayer(layer, cells, inputs, graph, {
    ...options,
    needsSequence: options.returnSequences,
    isTurned: false,
    part: '',
  });
  return outputsOfRun(run, options, inputs[0]!.mask);
}

// Y = LSTM(X, W, R, B) | GRU | RNN   (opset 14), or Scan where ONNX has no such operator
const recurrentLayer: LayerConverter = (layer, inputs, graph) =>
  convert(layer, cellsOf(layer), inputs, graph);

// Y = Scan(Conv(X))
const convLSTM2D: LayerConverter = (layer, inputs, graph) => {
  if (inputs.length > 1)
    throw new Refusal(
      'ConvLSTM2D with initial states does not run in tfjs',
      'Let it start with zeros.',
    );
  return recurrentLayer(layer, inputs, graph);
};

/** The cells of a recurrent layer, bottom first. */
export function cellsOf(layer: Layer): readonly Cell[] {
  if (layer.className !== 'RNN') return [cellOf(layer)];
  const cell = asObject(layer.config.raw('cell'), `${layer.name}: cell`);
  if (property(cell, 'className') !== 'StackedRNNCells')
    return [layer.inner(cell, '').use(vectorCell)];
  const config = asObject(property(cell, 'config'), `${layer.name}: cell.config`);
  const list = asArray(property(config, 'cells'), `${layer.name}: cells`);
  if (list.length === 0) throw new Refusal('it stacks no cells', 'Give it at least one.');
  return forAll(list, (json, index) =>
    layer
      .inner(asObject(json, `${layer.name}: cells[${index}]`), `RNNCell_${index}`)
      .use(vectorCell),
  );
}

function vectorCell(layer: Layer): Cell {
  if (layer.className === 'ConvLSTM2DCell')
    throw new Refusal(
      'RNN takes vectors, not images, and does not run with ConvLSTM2DCell in tfjs',
      'Use ConvLSTM2D.',
    );
  return cellOf(layer);
}

export type RecurrentClass = 'ConvLSTM2D' | 'GRU' | 'LSTM' | 'RNN' | 'SimpleRNN';

export const recurrent: Readonly<Record<RecurrentClass, LayerConverter>> = {
  ConvLSTM2D: convLSTM2D,
  GRU: recurrentLayer,
  LSTM: recurrentLayer,
  RNN: recurrentLayer,
  SimpleRNN: recurrentLayer,
};
