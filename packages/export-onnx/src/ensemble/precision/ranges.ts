import { ExportError } from '../../errors.ts';
import { bytesOf } from '../../onnx/file.ts';
import { encodeModel } from '../../onnx/encode.ts';
import type { Graph, ValueInfo } from '../../onnx/model.ts';
import { feedsOf, type OrtLike } from '../../parity/check-parity.ts';
import type { HostTensors } from '../../parity/compare.ts';

/** What is needed to learn the ranges of activations. */
export interface Calibration {
  /** The onnxruntime module, which runs each member on the rows. */
  readonly ort: OrtLike;
  /** Inputs as they come in use, by name, a batch at a time; some hundred rows are enough. */
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
      'int8-static needs calibration rows; give some hundred.',
    );
  const inputs = new Set(graph.inputs.map(({ name }) => name));
  const given = new Set(graph.outputs.map(({ name }) => name));
  const watched = names
    .filter((name) => !inputs.has(name) && !given.has(name))
    .map((name): ValueInfo => ({ name, dtype: 1, shape: undefined }));
  const isWatched = new Set(names);
  const valueInfo = graph.valueInfo.filter(({ name }) => !isWatched.has(name));
  const session = await ort.InferenceSession.create(
    bytesOf(
      encodeModel({
        irVersion: 8,
        opset,
        producerName: '',
        producerVersion: '',
        metadata: {},
        graph: { ...graph, valueInfo, outputs: [...graph.outputs, ...watched] },
      }),
    ),
    { graphOptimizationLevel: 'basic' },
  );
  const ranges = new Map(names.map((name): [string, Range] => [name, { least: 0, most: 0 }]));
  try {
    for (const batch of rows) {
      const answer = await session.run(feedsOf(ort, batch));
      for (const [name, range] of ranges)
        widen(range, (inputs.has(name) ? batch[name]!.data : answer[name]!.data) as Float32Array);
    }
  } finally {
    await session.release?.();
  }
  return ranges;
}

function widen(range: Range, values: Float32Array): void {
  for (const value of values) {
    if (value < range.least) range.least = value;
    if (value > range.most) range.most = value;
  }
}
