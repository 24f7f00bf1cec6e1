import type { BundlePreprocess } from '@snapshot-ensemble/ensemble-bundle';
import { ExportError } from '../errors.ts';
import { createGraphBuilder, type GraphBuilder } from '../graph/builder.ts';
import { binary, cast, concat, scalar, transpose } from '../graph/ops.ts';
import type { Value } from '../graph/value.ts';
import { BATCH } from '../graph/shapes.ts';
import { string, type Dim, type Graph, type Shape, type ValueInfo } from '../onnx/model.ts';
import { int } from '../onnx/model.ts';
import { float32, int64 } from '../onnx/tensor-data.ts';
import { optimize } from '../optimize/index.ts';
import { withInputs } from './join.ts';

export interface Preprocessing {
  /** The graph that stands before all others; none where nothing is to be done. */
  readonly graphs: readonly Graph[];
  /** Graphs as they take what it gives. */
  renamed(graphs: readonly Graph[]): readonly Graph[];
}

/** What is done to images before the members see them, in the graph, so that what trained and what serves cannot differ. */
export function preprocessGraphs(
  inputs: readonly ValueInfo[],
  wanted: Readonly<Record<string, BundlePreprocess>>,
  opset: number,
): Preprocessing {
  const names = new Map(Object.keys(wanted).map((name) => [name, `preprocessed/${name}`]));
  if (names.size === 0) return { graphs: [], renamed: (graphs) => graphs };
  const builder = createGraphBuilder(opset);
  const outputs = Object.entries(wanted).map(([name, steps]): readonly [string, Value] => {
    const info = inputs.find((input) => input.name === name);
    if (info === undefined)
      throw refused(
        name,
        `is not an input; the inputs are ${inputs.map((input) => input.name).join(', ')}`,
      );
    return [names.get(name)!, preprocessed(builder, info, steps)];
  });
  return {
    graphs: [optimize(builder.finish('preprocess', outputs))],
    renamed: (graphs) => graphs.map((graph) => withInputs(graph, names)),
  };
}

function preprocessed(builder: GraphBuilder, info: ValueInfo, steps: BundlePreprocess): Value {
  const { name } = info;
  const { layout, resize, scale, mean, deviation } = steps;
  const shape = info.shape!;
  if (shape.length !== 4 || info.dtype !== 1)
    throw refused(
      name,
      `takes ${shape.length === 4 ? 'integers' : `rank ${shape.length}`}; images are float32 of rank 4`,
    );
  const isFirst = memberIsChannelsFirst(shape, mean, deviation);
  const channels = shape[isFirst ? 1 : 3]!;
  const [height, width] = isFirst ? [shape[2]!, shape[3]!] : [shape[1]!, shape[2]!];
  for (const [field, values] of Object.entries({ mean, deviation }))
    if (values.length !== 1 && values.length !== channels)
      throw refused(
        name,
        `has ${values.length} numbers as ${field} for ${channels} channels; give one, or one per channel`,
      );
  if (resize !== undefined && (resize.height !== height || resize.width !== width))
    throw refused(
      name,
      `is resized to ${resize.height} × ${resize.width}, but the members take ${height} × ${width}`,
    );
  const [rawHeight, rawWidth]: readonly Dim[] =
    resize === undefined ? [height, width] : [`${name}_height`, `${name}_width`];
  const graph = builder.within('preprocess').within(name);
  const raw = builder.input(
    name,
    'uint8',
    layout === 'nhwc'
      ? [BATCH, rawHeight!, rawWidth!, channels]
      : [BATCH, channels, rawHeight!, rawWidth!],
  );
  let value = cast(graph, raw, 'float32');
  if (layout === 'nhwc') value = transpose(graph, value, [0, 3, 1, 2]);
  if (resize !== undefined) value = resized(graph, value, resize);
  if (scale !== 1) value = binary(graph, 'Mul', value, scalar(graph, scale));
  if (mean.some((each) => each !== 0)) value = binary(graph, 'Sub', value, perChannel(graph, mean));
  if (deviation.some((each) => each !== 1))
    value = binary(graph, 'Div', value, perChannel(graph, deviation));
  return isFirst ? value : transpose(graph, value, [0, 2, 3, 1]);
}

/** Members exported with `inputLayout: 'nchw'` have their channels on axis 1. */
function memberIsChannelsFirst(
  shape: Shape,
  ...perChannels: readonly (readonly number[])[]
): boolean {
  const counts = perChannels.map(({ length }) => length).filter((length) => length > 1);
  const few = (dim: Dim | undefined): boolean => typeof dim === 'number' && dim <= 4;
  if (counts.length > 0) return shape[1] === counts[0] && shape[3] !== counts[0];
  return few(shape[1]) && !few(shape[3]);
}

// As tf.image.resizeBilinear and resizeNearestNeighbor do by default: neither aligned corners nor half-pixel centres.
function resized(
  graph: GraphBuilder,
  value: Value,
  { height, width, method }: NonNullable<BundlePreprocess['resize']>,
): Value {
  const shape = [value.shape[0]!, value.shape[1]!, height, width];
  const head = graph.op(
    'Shape',
    [value],
    { dtype: 'int64', shape: [2] },
    { start: int(0), end: int(2) },
  );
  const sides = graph.constant(`size_${height}_${width}`, int64([2], [height, width]));
  const sizes = concat(graph, [head, sides], 0);
  return graph.op(
    'Resize',
    [value, undefined, undefined, sizes],
    { dtype: 'float32', shape },
    {
      mode: string(method === 'bilinear' ? 'linear' : 'nearest'),
      coordinate_transformation_mode: string('asymmetric'),
      nearest_mode: string('floor'),
    },
  );
}

function perChannel(graph: GraphBuilder, values: readonly number[]): Value {
  return graph.constant('per_channel', float32([values.length, 1, 1], values));
}

function refused(name: string, problem: string): ExportError {
  return new ExportError('invalid-option', `preprocess: "${name}" ${problem}.`);
}
