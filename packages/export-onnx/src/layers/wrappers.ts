import { asObject, asText, property, type JsonObject } from '../artifacts/json.ts';
import type { GraphBuilder } from '../graph/builder.ts';
import {
  binary,
  concat,
  exactDim,
  reshape,
  scalar,
  slice,
  squeeze,
  unsqueeze,
  withMask,
} from '../graph/ops.ts';
import { Refusal } from '../graph/refusal.ts';
import { shapeVector } from '../graph/shapes.ts';
import type { Value } from '../graph/value.ts';
import type { Dim } from '../onnx/model.ts';
import type { InnerLayer, Layer, LayerConverter } from './layer.ts';
import {
  cellsOf,
  outputsOfRun,
  recurrent,
  recurrentOptions,
  runLayer,
} from './recurrent/layers.ts';
import type { Run } from './recurrent/run.ts';

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
  const options = layer.inner(json, '').use(recurrentOptions);
  const run = (side: 'forward' | 'backward', initialStates: readonly Value[]): Run =>
    layer.inner(json, `${side}_${name}`).use((inner) => {
      const isBackward = side === 'backward';
      return runLayer(inner, cellsOf(inner), [input!, ...initialStates], graph.within(side), {
        ...options,
        goBackwards: options.goBackwards !== isBackward,
        needsSequence: options.returnSequences,
        isTurned: isBackward,
        part: side,
      });
    });
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
const positionwise: ReadonlySet<string> = new Set([
  'Activation',
  'Dense',
  'Dropout',
  'GaussianDropout',
  'GaussianNoise',
  'ReLU',
  'Rescaling',
]);

const recurrentClasses: ReadonlySet<string> = new Set(Object.keys(recurrent));

// Y = Reshape(layer(Reshape(X, [N·T, …])), [N, T, …])
const timeDistributed: LayerConverter = (layer, [input], graph) => {
  const inner = layer.inner(wrapped(layer), '');
  const bare = withMask(input!, undefined);
  if (positionwise.has(inner.className))
    return withMask(inner.convert([bare], graph, undefined)[0]!, input!.mask);
  if (layer.findsStates && recurrentClasses.has(inner.className))
    throw new Refusal(
      `tfjs passes the ${inner.className} inside the initial states of the layer before`,
      'Leave out the masking, or the initial states.',
    );
  if (holdsStates(wrapped(layer)))
    return withMask(stepByStep(inner, bare, layer.executorMask, graph), input!.mask);
  const [batch, steps, ...rest] = bare.shape;
  const merged =
    typeof batch === 'number' && typeof steps === 'number'
      ? batch * steps
      : graph.unknownDim('rows');
  const rows = reshape(graph, bare, [merged, ...rest]);
  const mask = layer.executorMask && perRow(graph, layer.executorMask, bare, merged);
  const output = only(inner, inner.convert([rows], graph, mask));
  const shape = [batch!, steps!, ...output.shape.slice(1)];
  return withMask(reshape(graph, output, shape, [bare]), input!.mask);
};

function only({ className }: InnerLayer, outputs: readonly Value[]): Value {
  if (outputs.length === 1) return outputs[0]!;
  throw new Refusal(`the ${className} inside has ${outputs.length} outputs`, 'Wrap what has one.');
}

/** Whether a layer is stateful, or something inside it. */
function holdsStates(json: unknown): boolean {
  // Not recursive: nesting must not cost stack.
  const left: unknown[] = [json];
  while (left.length > 0) {
    const next = left.pop();
    if (typeof next !== 'object' || next === null) continue;
    if (property(next as JsonObject, 'stateful') === true) return true;
    for (const value of Object.values(next)) left.push(value);
  }
  return false;
}

/** A stateful layer carries its state from step to step: one call each. */
function stepByStep(
  inner: InnerLayer,
  input: Value,
  mask: Value | undefined,
  graph: GraphBuilder,
): Value {
  const count = exactDim(input, 1, 'the number of steps of a stateful layer');
  if (count > MAX_CALLS)
    throw new Refusal(`a stateful layer inside is called ${count} times`, 'Use fewer steps.');
  const outputs = Array.from({ length: count }, (_, step) => {
    const scoped = graph.within(`step_${step}`);
    const x = squeeze(scoped, slice(scoped, input, 1, step, step + 1), [1]);
    return unsqueeze(scoped, only(inner, inner.convert([x], scoped, mask)), [1]);
  });
  return concat(graph, outputs, 1);
}

// Each call is nodes of its own.
const MAX_CALLS = 1024;

/** tfjs hands its mask, that of the whole sequence, to the inner layer at every step. */
function perRow(graph: GraphBuilder, mask: Value, input: Value, rows: Dim): Value {
  const [batch, steps] = [input.shape[0]!, input.shape[1]!];
  if (mask.shape[0] !== batch)
    throw new Refusal(
      `the mask [${mask.shape.join(', ')}] that tfjs carries here from layers before has another batch`,
      'Keep masked branches apart, or leave out the masking.',
    );
  const opened = unsqueeze(graph, mask, [1]);
  const shape = [batch, steps, ...mask.shape.slice(1)];
  const target = shapeVector(graph, shape.with(0, 1), [input, mask])!;
  const repeated = graph.op('Expand', [opened, target], { dtype: mask.dtype, shape });
  return reshape(graph, repeated, [rows, ...mask.shape.slice(1)], [mask]);
}

export type WrapperClass = 'Bidirectional' | 'TimeDistributed';

export const wrappers: Readonly<Record<WrapperClass, LayerConverter>> = {
  Bidirectional: bidirectional,
  TimeDistributed: timeDistributed,
};
