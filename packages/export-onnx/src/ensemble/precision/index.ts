import type { BundlePrecision } from '@snapshot-ensemble/ensemble-bundle';
import type { Graph } from '../../onnx/model.ts';
import { toFloat16 } from './float16.ts';
import { toDynamicInt8 } from './int8-dynamic.ts';
import { toStaticInt8, type Calibration } from './int8-static.ts';

/**
 * How weights are kept and computed with: `float16` halves the file, runtimes compute in float32; `int8-dynamic` is for dense layers
 * (recurrent weights are only kept as int8); `int8-static` is for convolutions and dense layers and needs calibration rows.
 */
export type Precision =
  'float32' | 'float16' | 'int8-dynamic' | ({ readonly kind: 'int8-static' } & Calibration);

/** What a precision does to the graph of a member. */
export interface Conversion {
  readonly name: BundlePrecision;
  readonly convert: (graph: Graph) => Graph | Promise<Graph>;
}

export function precisionOf(precision: Precision = 'float32'): Conversion {
  if (typeof precision === 'object')
    return { name: 'int8-static', convert: (graph) => toStaticInt8(graph, precision) };
  switch (precision) {
    case 'float32':
      return { name: precision, convert: (graph) => graph };
    case 'float16':
      return { name: precision, convert: toFloat16 };
    case 'int8-dynamic':
      return { name: precision, convert: toDynamicInt8 };
  }
}
