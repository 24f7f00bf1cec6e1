import type { BundlePrecision } from '@snapshot-ensemble/ensemble-bundle';
import type { Graph } from '../../onnx/model.ts';
import { toFloat16 } from './float16.ts';
import { toDynamicInt8 } from './int8-dynamic.ts';
import { toStaticInt8, type Calibration } from './int8-static.ts';
import { rowsAfter } from './ranges.ts';

/**
 * How weights are stored and computed with: `float16` halves the file, runtimes compute in float32; `int8-dynamic` is
 * for dense layers (recurrent weights are only stored as int8); `int8-static` is for convolutions and dense layers and
 * needs calibration rows.
 */
export type Precision =
  'float32' | 'float16' | 'int8-dynamic' | ({ readonly kind: 'int8-static' } & Calibration);

type Convert = (graph: Graph) => Graph | Promise<Graph>;

/** What a precision does to graphs. */
export interface Conversion {
  readonly name: BundlePrecision;
  readonly convert: Convert;
  /** What it does to graphs that take the outputs of that one. */
  after(backbone: Graph): Promise<Convert>;
}

export function precisionOf(precision: Precision | undefined, opset: number): Conversion {
  if (typeof precision === 'object')
    return {
      name: 'int8-static',
      convert: (graph) => toStaticInt8(graph, precision, opset),
      async after(backbone) {
        const calibration = await rowsAfter(backbone, precision, opset);
        return (graph) => toStaticInt8(graph, calibration(graph), opset);
      },
    };
  const name = precision ?? 'float32';
  const convert = conversions[name];
  return { name, convert, after: () => Promise.resolve(convert) };
}

const conversions = {
  float32: (graph: Graph): Graph => graph,
  float16: toFloat16,
  'int8-dynamic': toDynamicInt8,
};
