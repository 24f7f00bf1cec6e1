import { ExportError } from '../../errors.ts';
import { bytesOf } from '../../onnx/file.ts';
import { encodeModel } from '../../onnx/encode.ts';
import type { Graph, ValueInfo } from '../../onnx/model.ts';
import { feedsOf, type OrtLike } from '../../parity/check-parity.ts';
import type { HostTensor, HostTensors } from '../../parity/compare.ts';
import { irVersionOf } from '../../options.ts';
import { backbonePairs } from '../backbone.ts';
import { batchesOf } from './batches.ts';

/** What is needed to learn the ranges of activations. */
export interface Calibration {
  /** The onnxruntime module, which runs each member on the rows. */
  readonly ort: OrtLike;
  /** Inputs as the members take them, by name; a few hundred rows are enough, in one piece or several. */
  readonly rows: readonly HostTensors[];
}

/** The values that were seen, and 0, which must have a step of its own. */
export interface Range {
  least: number;
  most: number;
}

/** The ranges of values when a member runs on the calibration rows. */
export async function rangesOf(
  graph: Graph,
  names: readonly string[],
  { ort, rows }: Calibration,
  opset: number,
): Promise<ReadonlyMap<string, Range>> {
  if (rows.length === 0)
    throw new ExportError(
      'invalid-option',
      'int8-static needs calibration rows; give a few hundred.',
    );
  const inputs = new Set(graph.inputs.map(({ name }) => name));
  const given = new Set(graph.outputs.map(({ name }) => name));
  const watched = names
    .filter((name) => !inputs.has(name) && !given.has(name))
    .map((name): ValueInfo => ({ name, dtype: 1, shape: undefined }));
  const isWatched = new Set(names);
  const valueInfo = graph.valueInfo.filter(({ name }) => !isWatched.has(name));
  const whole = { ...graph, valueInfo, outputs: [...graph.outputs, ...watched] };
  const session = await sessionOf(ort, whole, opset);
  const ranges = new Map(names.map((name): [string, Range] => [name, { least: 0, most: 0 }]));
  try {
    for (const row of rows.flatMap(batchesOf)) {
      const batch = rowsFor(graph.inputs, row);
      const answer = await session.run(feedsOf(ort, session, batch));
      for (const [name, range] of ranges)
        widen(range, (inputs.has(name) ? batch[name]!.data : answer[name]!.data) as Float32Array);
    }
  } finally {
    await session.release?.();
  }
  return ranges;
}

function sessionOf(ort: OrtLike, graph: Graph, opset: number) {
  const bytes = bytesOf(
    encodeModel({
      irVersion: irVersionOf(opset),
      opset,
      producerName: '',
      producerVersion: '',
      metadata: {},
      graph,
    }),
  );
  return ort.InferenceSession.create(bytes, { graphOptimizationLevel: 'basic' });
}

/** Rows by the names of a graph's inputs, which lie below a scope where another graph stands before this one. */
function rowsFor(inputs: readonly ValueInfo[], rows: HostTensors): HostTensors {
  return Object.fromEntries(
    inputs.map(({ name }): [string, HostTensor] => {
      const given = rows[name] ?? rows[unscoped(name)];
      if (given !== undefined) return [name, given];
      throw new ExportError(
        'invalid-option',
        `The calibration rows have no "${unscoped(name)}", only ${Object.keys(rows).join(', ')}. Give every input of the model.`,
      );
    }),
  );
}

function unscoped(name: string): string {
  return name.split('/').at(-1)!;
}

/** The calibration of graphs that take the outputs of that one. */
export async function rowsAfter(
  backbone: Graph,
  { ort, rows }: Calibration,
  opset: number,
): Promise<(graph: Graph) => Calibration> {
  const session = await sessionOf(ort, backbone, opset);
  const after: HostTensors[] = [];
  try {
    for (const row of rows.flatMap(batchesOf)) {
      const answer = await session.run(feedsOf(ort, session, rowsFor(backbone.inputs, row)));
      const outputs = backbone.outputs.map(({ name }): [string, HostTensor] => {
        const { data, dims } = answer[name]!;
        return [name, { data: data as Float32Array, shape: dims }];
      });
      after.push({ ...row, ...Object.fromEntries(outputs) });
    }
  } finally {
    await session.release?.();
  }
  return ({ inputs }) => {
    const plain = inputs.map((input) => ({ ...input, name: unscoped(input.name) }));
    const fed = backbonePairs(backbone.outputs, plain);
    return {
      ort,
      rows: after.map((row) => ({
        ...row,
        ...Object.fromEntries(fed.map(([output, input]) => [input.name, row[output.name]!])),
      })),
    };
  };
}

function widen(range: Range, values: Float32Array): void {
  for (const value of values) {
    if (value < range.least) range.least = value;
    if (value > range.most) range.most = value;
  }
}
