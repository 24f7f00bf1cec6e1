import type { Dim } from '../../onnx/model.ts';
import { input, type OpCall, type OpConverters } from '../op.ts';
import { tensorOfKnown, type Tensor } from '../tensor.ts';

const shapeOf = (call: OpCall, tensor: Tensor): Tensor => {
  const { shape } = tensor;
  return tensorOfKnown('int32', [shape.length], shape)!;
};

export const measures: OpConverters = {
  Rank: (call) => tensorOfKnown('int32', [], [input(call, 0).shape.length])!,
  Shape: (call) => shapeOf(call, input(call, 0)),
  ShapeN: (call) => call.inputs.map((tensor) => shapeOf(call, tensor)),
  Size: (call) =>
    tensorOfKnown(
      'int32',
      [],
      [input(call, 0).shape.reduce((total: Dim, dim) => call.dims.multiply(total, dim), 1)],
    )!,
};
