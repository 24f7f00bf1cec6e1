import { int, type Graph, type Node } from '../../onnx/model.ts';
import { tensorData } from '../../onnx/tensor-data.ts';
import { denseOf, type Dense } from './dense.ts';
import { edited, type Editor } from './editor.ts';
import { keptAsInt8 } from './kept-weights.ts';
import { quantized } from './quantize.ts';

const FLOAT32 = 1;

/**
 * Dense layers in int8, activations measured as it runs: DynamicQuantizeLinear and MatMulInteger, which onnxruntime makes one operator.
 * Weights of other operators are kept as int8 and computed with in float32.
 */
export function toDynamicInt8(graph: Graph): Graph {
  const constants = new Map(graph.initializers.map(({ name, data }) => [name, data]));
  return edited(graph, (node, editor) => {
    const dense = denseOf(node, constants);
    if (dense !== undefined) putDense(node, dense, editor);
    else editor.put({ ...node, inputs: keptAsInt8(node, node.inputs, constants, editor) });
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
    editor.constant('int8', data),
    zero!,
    editor.constant('zero_int8', zeros),
  ]);
  const both = editor.node('Mul', [scale!, editor.constant('step', scales)]);
  const real = editor.node('Cast', [product], { to: int(FLOAT32) });
  const [output] = node.outputs;
  if (bias === undefined) editor.node('Mul', [real, both], {}, output);
  else editor.node('Add', [editor.node('Mul', [real, both]), bias], {}, output);
}
