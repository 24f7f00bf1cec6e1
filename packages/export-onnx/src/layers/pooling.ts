import { plain } from '../graph/layout.ts';
import { reducePhysical } from '../graph/ops.ts';
import { placeWindows, spatial } from '../graph/spatial.ts';
import { physicalAxis } from '../graph/value.ts';
import { int, ints } from '../onnx/model.ts';
import { dataFormatOf } from './data-format.ts';
import type { LayerConverter } from './layer.ts';

// Y = MaxPool(X) | AveragePool(X), padding never counted   (opset 11, 12)
const pool =
  (opType: 'MaxPool' | 'AveragePool', rank: number): LayerConverter =>
  ({ config }, [input], graph) => {
    const from = spatial(graph, input!, rank === 1 ? 'channelsLast' : dataFormatOf(config));
    const kernel = config.sizes('poolSize', rank, new Array<number>(rank).fill(2));
    const place = placeWindows(graph, from, {
      kernel,
      strides: config.sizes('strides', rank, kernel),
      dilations: new Array<number>(rank).fill(1),
      padding: config.choice('padding', ['valid', 'same'], 'valid'),
    });
    const attributes = { ...place.attributes, kernel_shape: ints(kernel) };
    return graph.op(
      opType,
      [place.input],
      from.output(from.channels, place.sizes),
      opType === 'MaxPool' ? attributes : { ...attributes, count_include_pad: int(0) },
    );
  };

// Y = ReduceMax(X) | ReduceMean(X) over the spatial axes   (opset 13, 18)
const globalPool =
  (opType: 'ReduceMax' | 'ReduceMean', rank: number): LayerConverter =>
  ({ config }, [input], graph) => {
    const isFirst = rank === 2 && dataFormatOf(config) === 'channelsFirst';
    const from = typeof input!.layout === 'string' ? input! : plain(graph, input!);
    const kerasAxes = Array.from({ length: rank }, (_, index) => index + (isFirst ? 2 : 1));
    const axes = kerasAxes.map((axis) => physicalAxis(from, axis)).toSorted((a, b) => a - b);
    const channels = isFirst ? from.shape[1]! : from.shape.at(-1)!;
    const output = { dtype: from.dtype, shape: [from.shape[0]!, channels] };
    return reducePhysical(graph, opType, from, axes, false, output);
  };

export type PoolingClass =
  | 'AveragePooling1D'
  | 'AveragePooling2D'
  | 'AveragePooling3D'
  | 'GlobalAveragePooling1D'
  | 'GlobalAveragePooling2D'
  | 'GlobalMaxPooling1D'
  | 'GlobalMaxPooling2D'
  | 'MaxPooling1D'
  | 'MaxPooling2D'
  | 'MaxPooling3D';

export const pooling: Readonly<Record<PoolingClass, LayerConverter>> = {
  AveragePooling1D: pool('AveragePool', 1),
  AveragePooling2D: pool('AveragePool', 2),
  AveragePooling3D: pool('AveragePool', 3),
  GlobalAveragePooling1D: globalPool('ReduceMean', 1),
  GlobalAveragePooling2D: globalPool('ReduceMean', 2),
  GlobalMaxPooling1D: globalPool('ReduceMax', 1),
  GlobalMaxPooling2D: globalPool('ReduceMax', 2),
  MaxPooling1D: pool('MaxPool', 1),
  MaxPooling2D: pool('MaxPool', 2),
  MaxPooling3D: pool('MaxPool', 3),
};
