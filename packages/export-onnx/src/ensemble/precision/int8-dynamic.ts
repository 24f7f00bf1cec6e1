import { int, type Graph, type Node } from '../../onnx/model.ts';
import { tensorData, type TensorData } from '../../onnx/tensor-data.ts';
import { denseOf, type Dense } from './dense.ts';
import { edited, type Editor } from './editor.ts';
import { quantized } from './quantize.ts';

const FLOAT32 = 1;
const recurrent: ReadonlySet<string> = new Set(['LSTM', 'GRU', 'RNN']);

/**
 * Dense layers in int8, activations measured as it runs: DynamicQuantizeLinear and MatMulInteger, which onnxruntime makes one operator.
 * Recurrent weights are kept as int8 and computed with in float32; convolutions stay as they are.
 */
export function toDynamicInt8(graph: Graph): Graph {
  const constants = new Map(graph.initializers.map(({ name, data }) => [name, data]));
  return edited(graph, (node, editor) => {
    const dense = denseOf(node, constants);
    if (dense !== undefined) putDense(node, dense, editor);
    else if (recurrent.has(node.opType)) putRecurrent(node, constants, editor);
    else editor.put(node);
  });
}

function putDense(node: Node, { input, weights, bias }: Dense, editor: Editor): void {
  const { data, scales } = quantized(weights, 1);
  const zeros = tensorData('int8', scales.shape, new Int8Array(scales.shape[0]!));
  const [steps, scale, zero] = editor.nodes(
    'DynamicQuantizeLinear',
    [input],
    ['x', 'scale', 'zero'],
  );
  const product = editor.node('MatMulInteger', [
    steps!,
    editor.constant('weights_int8', data),
    zero!,
    editor.constant('weights_zero', zeros),
  ]);
  const both = editor.node('Mul', [scale!, editor.constant('weights_scale', scales)]);
  const real = editor.node('Cast', [product], { to: int(FLOAT32) });
  const [output] = node.outputs;
  if (bias === undefined) editor.node('Mul', [real, both], {}, output);
  else editor.node('Add', [editor.node('Mul', [real, both]), bias], {}, output);
}

/** W and R `[1, gates · units, inputs]` as int8 with a DequantizeLinear beside them. */
function putRecurrent(
  node: Node,
  constants: ReadonlyMap<string, TensorData>,
  editor: Editor,
): void {
  const inputs = node.inputs.map((name, position) => {
    const data = constants.get(name);
    const isWeights = position === 1 || position === 2;
    if (!isWeights || data?.dtype !== 'float32' || data.shape[0] !== 1) return name;
    const { data: steps, scales } = quantized(data, 1);
    return editor.node(
      'DequantizeLinear',
      [editor.constant('weights_int8', steps), editor.constant('weights_scale', scales)],
      { axis: int(1) },
    );
  });
  editor.put({ ...node, inputs });
}
