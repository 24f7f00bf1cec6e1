import { withMask } from '../graph/ops.ts';
import { Refusal } from '../graph/refusal.ts';
import { sliceStored, spatial } from '../graph/spatial.ts';
import type { Config } from '../keras/config.ts';
import { string, type Dim } from '../onnx/model.ts';
import { int64, float32 } from '../onnx/tensor-data.ts';
import { dataFormatOf } from './data-format.ts';
import type { LayerConverter } from './layer.ts';

type Edges = readonly [begin: number, end: number];

/** One number for all, one per axis, or a pair per axis. */
function edgesOf(config: Config, key: string, fallback: number): readonly [Edges, Edges] {
  const raw = config.raw(key) ?? fallback;
  const perAxis: readonly unknown[] = Array.isArray(raw) ? raw : [raw, raw];
  const edges = perAxis.map((value) =>
    Array.isArray(value) ? (value as unknown[]) : [value, value],
  );
  const isEdges = (pair: readonly unknown[]): boolean =>
    pair.length === 2 && pair.every((size) => Number.isSafeInteger(size) && (size as number) >= 0);
  if (edges.length !== 2 || !edges.every(isEdges))
    throw new Refusal(
      `${key} is ${JSON.stringify(raw)}`,
      'Use a number, one per axis, or [begin, end] per axis.',
    );
  return edges as unknown as [Edges, Edges];
}

// Y = Pad(X, pads)   (opset 13)
const zeroPadding2D: LayerConverter = ({ config }, [input], graph) => {
  const from = spatial(graph, input!, dataFormatOf(config));
  const edges = edgesOf(config, 'padding', 1);
  const pads = [0, 0, edges[0][0], edges[1][0], 0, 0, edges[0][1], edges[1][1]];
  const sizes = from.sizes.map((size, axis): Dim => {
    const added = edges[axis]![0] + edges[axis]![1];
    if (typeof size === 'number') return size + added;
    return added === 0 ? size : graph.unknownDim('padded');
  });
  const constant = graph.constant(`pads_${pads.join('_')}`, int64([8], pads));
  return graph.op('Pad', [from.value, constant], from.output(from.channels, sizes), {
    mode: string('constant'),
  });
};

// Y = Slice(X)   (opset 13)
const cropping2D: LayerConverter = ({ config }, [input], graph) => {
  const from = spatial(graph, input!, dataFormatOf(config));
  let { value } = from;
  edgesOf(config, 'cropping', 0).forEach(([begin, end], axis) => {
    if (begin === 0 && end === 0) return;
    const size = from.sizes[axis]!;
    if (typeof size === 'number' && size <= begin + end)
      throw new Refusal(`cropping ${begin} + ${end} leaves nothing of ${size}`, 'Crop less.');
    value = sliceStored(graph, value, axis + 2, begin, end);
  });
  return withMask(value, undefined);
};

// Y = Resize(X, scales)   (opset 13), tfjs's half_pixel_centers = false
const upSampling2D: LayerConverter = ({ config }, [input], graph) => {
  const from = spatial(graph, input!, dataFormatOf(config));
  const size = config.sizes('size', 2, [2, 2]);
  const mode = config.choice('interpolation', ['nearest', 'bilinear'], 'nearest');
  const sizes = from.sizes.map((dim, axis): Dim => {
    const factor = size[axis]!;
    if (typeof dim === 'number') return dim * factor;
    return factor === 1 ? dim : graph.unknownDim('resized');
  });
  const scales = graph.constant(`scales_${size.join('_')}`, float32([4], [1, 1, ...size]));
  return graph.op('Resize', [from.value, undefined, scales], from.output(from.channels, sizes), {
    coordinate_transformation_mode: string('asymmetric'),
    mode: string(mode === 'nearest' ? 'nearest' : 'linear'),
    nearest_mode: string('floor'),
  });
};

export type PaddingClass = 'Cropping2D' | 'UpSampling2D' | 'ZeroPadding2D';

export const padding: Readonly<Record<PaddingClass, LayerConverter>> = {
  Cropping2D: cropping2D,
  UpSampling2D: upSampling2D,
  ZeroPadding2D: zeroPadding2D,
};
