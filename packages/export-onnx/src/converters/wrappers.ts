import type { GraphBuilder } from '../graph/builder.ts';
import { binary, concat, exactDim, reshape, scalar, withMask } from '../graph/ops.ts';
import type { Value } from '../graph/value.ts';
import { asObject, asText, property, type JsonObject } from '../model/json.ts';
import { cellOf } from '../recurrent/cells.ts';
import { runCells, type Run } from '../recurrent/run-cells.ts';
import { cellsOf, givenStates, outputsOfRun, recurrentOptions } from './recurrent.ts';
import { ConfigProblem, type Layer, type LayerConverter } from './types.ts';

type MergeMode = 'concat' | 'sum' | 'ave' | 'mul' | 'none';

function wrapped({ config, name }: Layer): JsonObject {
  return asObject(config.raw('layer'), `${name}: layer`);
}

const merges: Readonly<
  Record<Exclude<MergeMode, 'none'>, (graph: GraphBuilder, a: Value, b: Value) => Value>
> = {
  concat: (graph, a, b) => concat(graph, [a, b], a.shape.length - 1),
  sum: (graph, a, b) => binary(graph, 'Add', a, b),
  ave: (graph, a, b) => binary(graph, 'Mul', binary(graph, 'Add', a, b), scalar(graph, 0.5)),
  mul: (graph, a, b) => binary(graph, 'Mul', a, b),
};

// Y = merge(forward(X), backward(X)), each an operator of its own
const bidirectional: LayerConverter = (layer, inputs, graph) => {
  const json = wrapped(layer);
  const name = asText(
    property(asObject(property(json, 'config'), `${layer.name}: layer.config`), 'name'),
    `${layer.name}: layer.config.name`,
  );
  const mode: MergeMode =
    layer.config.raw('mergeMode') === undefined
      ? 'none'
      : layer.config.choice('mergeMode', ['concat', 'sum', 'ave', 'mul']);
  const [input, ...states] = inputs;
  const options = recurrentOptions(layer.inner(json, '').layer);
  const run = (side: 'forward' | 'backward', initialStates: readonly Value[]): Run => {
    const inner = layer.inner(json, `${side}_${name}`).layer;
    const cells = inner.className === 'RNN' ? cellsOf(inner) : [cellOf(inner)];
    const isBackward = side === 'backward';
    return runCells(graph.within(side), cells, input!, {
      goBackwards: options.goBackwards !== isBackward,
      mask: layer.executorMask,
      initialStates: givenStates(cells, initialStates),
      needsSequence: options.returnSequences,
      isTurned: isBackward,
    });
  };
  const half = states.length / 2;
  const forward = run('forward', states.slice(0, half));
  const backward = run('backward', states.slice(half));
  const [first, ...forwardStates] = outputsOfRun(forward, options, undefined);
  const [second, ...backwardStates] = outputsOfRun(backward, options, undefined);
  const outputs = mode === 'none' ? [first!, second!] : [merges[mode](graph, first!, second!)];
  const all = [...outputs, ...forwardStates, ...backwardStates];
  return all.map((value) => withMask(value, options.returnSequences ? input!.mask : undefined));
};

/** Layers that treat every position alike, whatever the rank: no need to merge steps into the batch. */
const positionwise = new Set([
  'Activation',
  'Dense',
  'Dropout',
  'GaussianDropout',
  'GaussianNoise',
  'ReLU',
  'Rescaling',
]);
/** Layers that would read the outer mask as their own. */
const maskReaders = new Set([
  'Bidirectional',
  'GRU',
  'LSTM',
  'RNN',
  'SimpleRNN',
  'Softmax',
  'TimeDistributed',
]);

// Y = Reshape(layer(Reshape(X, [N·T, …])), [N, T, …])
const timeDistributed: LayerConverter = (layer, [input], graph) => {
  const inner = layer.inner(wrapped(layer), '');
  const { className } = inner.layer;
  if (layer.executorMask !== undefined && maskReaders.has(className))
    throw new ConfigProblem(
      `tfjs hands the mask of the sequence to the ${className} inside`,
      'Leave out the masking before it.',
    );
  const bare = withMask(input!, undefined);
  if (positionwise.has(className)) return withMask(inner.convert([bare], graph)[0]!, input!.mask);
  const steps = exactDim(bare, 1, 'the number of steps');
  const merged =
    typeof bare.shape[0] === 'number' ? bare.shape[0] * steps : graph.unknownDim('rows');
  const rows = reshape(graph, bare, [merged, ...bare.shape.slice(2)]);
  const [output] = inner.convert([rows], graph);
  const apart = reshape(graph, output!, [bare.shape[0]!, steps, ...output!.shape.slice(1)]);
  return withMask(apart, input!.mask);
};

export type WrapperClass = 'Bidirectional' | 'TimeDistributed';

export const wrappers: Readonly<Record<WrapperClass, LayerConverter>> = {
  Bidirectional: bidirectional,
  TimeDistributed: timeDistributed,
};
