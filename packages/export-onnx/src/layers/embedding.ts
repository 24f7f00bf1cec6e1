import { plain } from '../graph/layout.ts';
import { cast, compare, withMask } from '../graph/ops.ts';
import { int } from '../onnx/model.ts';
import { tensorData } from '../onnx/tensor-data.ts';
import type { LayerConverter } from './layer.ts';

// Y = Gather(E, X)   (opset 13); X is truncated to an integer as tfjs does it
const embedding: LayerConverter = (layer, [input], graph) => {
  const [inputDim, outputDim] = [layer.config.size('inputDim'), layer.config.size('outputDim')];
  const table = graph.constant('embeddings', layer.weight('embeddings', [inputDim, outputDim]));
  const ids = plain(graph, input!);
  const output = graph.op(
    'Gather',
    [table, cast(graph, withMask(ids, undefined), 'int64')],
    { dtype: 'float32', shape: [...ids.shape, outputDim] },
    { axis: int(0) },
  );
  if (!layer.config.boolean('maskZero', false)) return output;
  const zero =
    ids.dtype === 'int32'
      ? graph.constant('zero', tensorData('int32', [], Int32Array.of(0)))
      : graph.constant('zero', tensorData('float32', [], Float32Array.of(0)));
  const isZero = compare(graph, 'Equal', ids, zero);
  return withMask(output, graph.op('Not', [isZero], isZero));
};

export type EmbeddingClass = 'Embedding';

export const embeddings: Readonly<Record<EmbeddingClass, LayerConverter>> = {
  Embedding: embedding,
};
