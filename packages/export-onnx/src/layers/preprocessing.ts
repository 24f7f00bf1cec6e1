import { binary, cast, scalar, withMask } from '../graph/ops.ts';
import type { LayerConverter } from './layer.ts';

// Y = X · scale + offset
const rescaling: LayerConverter = ({ config }, [input], graph) => {
  const from = withMask(cast(graph, input!, 'float32'), undefined);
  const scaled = binary(graph, 'Mul', from, scalar(graph, config.number('scale')));
  const offset = config.number('offset', 0);
  return offset === 0 ? scaled : binary(graph, 'Add', scaled, scalar(graph, offset));
};

export type PreprocessingClass = 'Rescaling';

export const preprocessing: Readonly<Record<PreprocessingClass, LayerConverter>> = {
  Rescaling: rescaling,
};
