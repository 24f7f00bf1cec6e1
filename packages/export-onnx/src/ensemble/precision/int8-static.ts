import { int, type Graph, type Node } from '../../onnx/model.ts';
import { float32, tensorData, type TensorData } from '../../onnx/tensor-data.ts';
import { denseOf } from './dense.ts';
import { keptAsInt8 } from './kept-weights.ts';
import { edited, type Editor } from './editor.ts';
import { quantized } from './quantize.ts';
import { rangesOf, type Calibration, type Range } from './ranges.ts';

export type { Calibration } from './ranges.ts';

const UINT8_STEPS = 255;
// What onnxruntime takes into the step back to uint8: its result is never below 0, and so is the range's end.
const absorbed: ReadonlySet<string> = new Set(['Relu', 'Clip']);
// What ends a member; its values stay exact.
const last: ReadonlySet<string> = new Set(['Softmax', 'Sigmoid', 'LogSoftmax', 'Tanh']);

/**
 * Convolutions and dense layers in int8, activations in uint8 over the range that the calibration rows have shown: a QuantizeLinear and a
 * DequantizeLinear after each value that a layer takes or gives, which onnxruntime takes into the operators beside them. Sums of two
 * branches are in uint8, too. Weights of other operators are kept as int8 and computed with in float32.
 */
export async function toStaticInt8(
  graph: Graph,
  calibration: Calibration,
  opset: number,
): Promise<Graph> {
  const constants = new Map(graph.initializers.map(({ name, data }) => [name, data]));
  const layers = layersOf(graph, constants);
  const ranges = await rangesOf(graph, roundedValues(graph, layers, constants), calibration, opset);
  const rounded = new Map<string, string>();
  const round = (editor: Editor, value: string): void => {
    const range = ranges.get(value);
    if (range !== undefined) rounded.set(value, roundTrip(editor, value, range));
  };
  return edited(
    graph,
    (node, editor) => {
      const inputs = node.inputs.map((name) => rounded.get(name) ?? name);
      const layer = layers.get(node);
      if (layer === undefined)
        editor.put({ ...node, inputs: keptAsInt8(node, inputs, constants, editor) });
      else putLayer(node, layer, inputs[0]!, stepOf(ranges.get(layer.input)!), editor);
      for (const output of node.outputs) round(editor, output);
    },
    (editor) => {
      for (const { name } of graph.inputs) round(editor, name);
    },
  );
}

interface Layer {
  readonly input: string;
  readonly weights: TensorData;
  /** Axis of the weights along which each channel has a scale of its own. */
  readonly axis: number;
  readonly bias: TensorData | undefined;
  readonly attributes: Node['attributes'];
}

function layersOf(
  graph: Graph,
  constants: ReadonlyMap<string, TensorData>,
): ReadonlyMap<Node, Layer> {
  return new Map(
    graph.nodes.flatMap((node): [Node, Layer][] => {
      const layer = layerOf(node, constants);
      return layer === undefined ? [] : [[node, layer]];
    }),
  );
}

function layerOf(node: Node, constants: ReadonlyMap<string, TensorData>): Layer | undefined {
  if (node.opType === 'Conv') {
    const [input, weightsName, biasName = ''] = node.inputs;
    const weights = constants.get(weightsName!);
    const bias = constants.get(biasName);
    if (weights?.dtype !== 'float32' || (biasName !== '' && bias === undefined)) return undefined;
    return { input: input!, weights, axis: 0, bias, attributes: node.attributes };
  }
  const dense = denseOf(node, constants);
  const bias = constants.get(dense?.bias ?? '');
  if (dense === undefined || (dense.bias !== undefined && bias === undefined)) return undefined;
  // The weights come turned the right way.
  const attributes = Object.fromEntries(
    Object.entries(node.attributes).filter(([name]) => name !== 'transB'),
  );
  return { input: dense.input, weights: dense.weights, axis: 1, bias, attributes };
}

/** Values that are rounded to uint8: what goes into layers and sums, and what comes out of them unless the next operator is absorbed. */
function roundedValues(
  graph: Graph,
  layers: ReadonlyMap<Node, Layer>,
  constants: ReadonlyMap<string, TensorData>,
): readonly string[] {
  const outputs = new Set(graph.outputs.map(({ name }) => name));
  const readers = new Map<string, Node[]>();
  for (const node of graph.nodes)
    for (const name of node.inputs) readers.set(name, [...(readers.get(name) ?? []), node]);
  const isOpen = (value: string): boolean => {
    const next = readers.get(value) ?? [];
    return (
      outputs.has(value) || next.every(({ opType }) => absorbed.has(opType) || last.has(opType))
    );
  };
  const names = graph.nodes.flatMap((node) => {
    const layer = layers.get(node);
    const isSum = node.opType === 'Add' && node.inputs.every((name) => !constants.has(name));
    if (layer === undefined && !isSum) return [];
    const [output] = node.outputs;
    return [
      ...(layer === undefined ? node.inputs : [layer.input]),
      ...(isOpen(output!) ? [] : [output!]),
    ];
  });
  return [...new Set(names)];
}

function putLayer(
  node: Node,
  { weights, axis, bias, attributes }: Layer,
  input: string,
  inputStep: number,
  editor: Editor,
): void {
  const { data, scales } = quantized(weights, axis);
  const zeros = tensorData('int8', scales.shape, new Int8Array(scales.shape[0]!));
  const given = editor.node(
    'DequantizeLinear',
    [
      editor.constant('int8', data),
      editor.constant('step', scales),
      editor.constant('zero', zeros),
    ],
    { axis: int(axis) },
  );
  const inputs = [input, given, ...(bias ? [biasOf(editor, bias, scales, inputStep)] : [])];
  editor.put({ ...node, inputs, attributes });
}

/** The bias as int32 in steps of the product. */
function biasOf(editor: Editor, bias: TensorData, scales: TensorData, inputStep: number): string {
  const largest = 2 ** 31 - 1;
  const steps = (scales.read() as Float32Array).map((scale) => scale * inputStep);
  const data = Int32Array.from(bias.read() as Float32Array, (value, index) =>
    Math.max(-largest, Math.min(largest, Math.round(value / steps[index]!))),
  );
  return editor.node(
    'DequantizeLinear',
    [
      editor.constant('bias', tensorData('int32', bias.shape, data)),
      editor.constant('bias_step', tensorData('float32', [steps.length], steps)),
    ],
    { axis: int(0) },
  );
}

function stepOf({ least, most }: Range): number {
  return most === least ? 1 : (most - least) / UINT8_STEPS;
}

/** To uint8 and back. */
function roundTrip(editor: Editor, value: string, range: Range): string {
  const step = stepOf(range);
  const offset = Math.max(0, Math.min(UINT8_STEPS, Math.round(-range.least / step)));
  const scale = editor.constant('scale', float32([], [step]));
  const zero = editor.constant('zero', tensorData('uint8', [], Uint8Array.of(offset)));
  const steps = editor.node('QuantizeLinear', [value, scale, zero]);
  return editor.node('DequantizeLinear', [steps, scale, zero]);
}
