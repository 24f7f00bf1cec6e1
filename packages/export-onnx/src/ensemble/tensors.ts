import type { BundleDType, BundleTensor } from '@snapshot-ensemble/ensemble-bundle';
import { ExportError } from '../errors.ts';
import { BATCH } from '../graph/shapes.ts';
import type { Shape, ValueInfo } from '../onnx/model.ts';
import { dtypeOf } from './head.ts';

const bundleDtypes: ReadonlySet<string> = new Set([
  'float32',
  'int32',
  'int64',
  'bool',
  'uint8',
  'float16',
]);

/** An input or output of a graph as the manifest has it. */
export function bundleTensor(info: ValueInfo): BundleTensor {
  const { name } = info;
  const dtype = dtypeOf(info);
  if (!bundleDtypes.has(dtype))
    throw new ExportError(
      'invalid-option',
      `"${name}" has dtype ${dtype}, which a bundle cannot carry.`,
    );
  return { name, dtype: dtype as BundleDType, shape: batchFirst(name, info.shape!) };
}

function batchFirst(name: string, shape: Shape): BundleTensor['shape'] {
  const [batch, ...rest] = shape;
  if (batch === BATCH && !rest.includes(BATCH)) return [null, ...rest];
  throw new ExportError(
    'invalid-option',
    `"${name}" has shape [${shape.join(', ')}]; a bundle needs the batch first, and unknown. Build the model without a batch size.`,
  );
}
