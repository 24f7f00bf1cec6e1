import { int, type Node } from '../../onnx/model.ts';
import type { TensorData } from '../../onnx/tensor-data.ts';
import type { Editor } from './editor.ts';
import { quantized, quantizedStack } from './quantize.ts';

const FLOAT32 = 1;
// Fewer are worth more than the bytes they take.
const FEWEST_WEIGHTS = 256;

/** Which inputs of an operator are weights, and along which axis each channel has a step of its own. */
const weightInputs: Readonly<
  Record<string, { readonly at: readonly number[]; readonly axis: number }>
> = {
  Conv: { at: [1], axis: 0 },
  // W and R, [1, gates · units, inputs].
  LSTM: { at: [1, 2], axis: 1 },
  GRU: { at: [1, 2], axis: 1 },
  RNN: { at: [1, 2], axis: 1 },
};

/** The inputs of a node, large weights among them as int8 with what makes them float32 again, which onnxruntime does once when it loads. */
export function keptAsInt8(
  node: Node,
  inputs: readonly string[],
  constants: ReadonlyMap<string, TensorData>,
  editor: Editor,
): readonly string[] {
  const { at, axis } = weightInputs[node.opType] ?? { at: [], axis: 0 };
  return inputs.map((name, position) => {
    const data = constants.get(name);
    if (data?.dtype !== 'float32' || count(data) < FEWEST_WEIGHTS) return name;
    if (node.opType === 'MatMul' && position === 1 && data.shape.length === 3)
      return stackOf(data, editor);
    if (!at.includes(position) || (axis === 1 && data.shape[0] !== 1)) return name;
    const { data: steps, scales } = quantized(data, axis);
    return editor.node(
      'DequantizeLinear',
      [editor.constant('int8', steps), editor.constant('step', scales)],
      { axis: int(axis) },
    );
  });
}

/** The matrices of all members, `[members, inputs, units]`: DequantizeLinear has steps along one axis only. */
function stackOf(data: TensorData, editor: Editor): string {
  const { data: steps, scales } = quantizedStack(data);
  const real = editor.node('Cast', [editor.constant('int8', steps)], { to: int(FLOAT32) });
  return editor.node('Mul', [real, editor.constant('step', scales)]);
}

function count({ shape }: TensorData): number {
  return shape.reduce((product, dim) => product * dim, 1);
}
