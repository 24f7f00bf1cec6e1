import type { WeightMap } from '../artifacts/weights.ts';
import type { NodeAttributes } from './attributes.ts';
import type { NodeSpec, OutputRef } from './read-graph.ts';

type Nodes = ReadonlyMap<string, NodeSpec>;

/** A convolution of pieces, and what makes and joins them. */
interface Pieces {
  readonly start: NodeSpec;
  readonly expand: NodeSpec | undefined;
  readonly convolution: NodeSpec;
  readonly squeeze: NodeSpec | undefined;
  readonly end: NodeSpec;
}

const convolutions = new Set([
  'Conv2D',
  'DepthwiseConv2dNative',
  'FusedDepthwiseConv2dNative',
  '_FusedConv2D',
]);

/**
 * TensorFlow writes a dilated convolution as one of pieces, each of every d-th pixel: SpaceToBatchND, a convolution, BatchToSpaceND,
 * of one side with ExpandDims and Squeeze in between. Here BatchToSpaceND becomes the convolution with dilations that it all is;
 * pixels that it crops are padding left out.
 */
export function mergeDilated(nodes: Nodes, weights: WeightMap): Nodes {
  const merged = new Map(nodes);
  for (const end of nodes.values()) {
    const pieces = end.op === 'BatchToSpaceND' ? piecesBehind(end, nodes) : undefined;
    const whole = pieces && wholeOf(pieces, nodes, weights);
    for (const node of whole ?? []) merged.set(node.name, node);
  }
  return merged;
}

function piecesBehind(end: NodeSpec, nodes: Nodes): Pieces | undefined {
  const last = behind(end, nodes);
  const squeeze = last?.op === 'Squeeze' ? last : undefined;
  const convolution = squeeze === undefined ? last : behind(squeeze, nodes);
  if (convolution === undefined || !convolutions.has(convolution.op)) return undefined;
  const first = behind(convolution, nodes);
  const expand = first?.op === 'ExpandDims' ? first : undefined;
  const start = expand === undefined ? first : behind(expand, nodes);
  if (start?.op !== 'SpaceToBatchND' || (squeeze === undefined) !== (expand === undefined))
    return undefined;
  return { start, expand, convolution, squeeze, end };
}

/** What gives a node its first input. */
function behind({ inputs }: NodeSpec, nodes: Nodes): NodeSpec | undefined {
  const [first] = inputs;
  return first?.index === 0 ? nodes.get(first.node) : undefined;
}

/** The nodes of the convolution without pieces, the last under the name of what joined them; undefined where it is none. */
function wholeOf(
  { start, expand, convolution, squeeze, end }: Pieces,
  nodes: Nodes,
  weights: WeightMap,
): readonly NodeSpec[] | undefined {
  const numbers = (ref: OutputRef | undefined): readonly number[] | undefined => {
    const node = ref === undefined ? undefined : nodes.get(ref.node);
    const data = node?.op === 'Const' ? weights.get(node.name) : undefined;
    return data?.dtype === 'int32' ? Array.from(data.read() as Int32Array) : undefined;
  };
  const [blocks, pads] = [numbers(start.inputs[1]), numbers(start.inputs[2])];
  const [joined, crops] = [numbers(end.inputs[1]), numbers(end.inputs[2])];
  const sides = expand === undefined ? 2 : 1;
  if (blocks?.length !== sides || blocks.join() !== joined?.join()) return undefined;
  if (pads?.length !== 2 * sides || crops?.length !== 2 * sides) return undefined;
  const left = pads.map((pad, index) => pad - crops[index]!);
  if (left.some((pad) => pad < 0) || !isPlain(convolution.attributes)) return undefined;
  if (expand === undefined || squeeze === undefined) {
    const attributes = dilated(convolution.attributes, blocks, left);
    return [{ ...convolution, name: end.name, inputs: from(start, convolution), attributes }];
  }
  const { attributes: list } = squeeze;
  const squeezed = [...list.ints('squeeze_dims'), ...list.ints('axis')];
  if (!isHeight(numbers(expand.inputs[1])) || !isHeight(squeezed)) return undefined;
  const [wide, made] = [`${expand.name}/whole`, `${convolution.name}/whole`];
  if (nodes.has(wide) || nodes.has(made)) return undefined;
  return [
    { ...expand, name: wide, inputs: from(start, expand) },
    {
      ...convolution,
      name: made,
      inputs: [{ node: wide, index: 0 }, ...convolution.inputs.slice(1)],
      attributes: dilated(convolution.attributes, [1, ...blocks], [0, 0, ...left]),
    },
    { ...squeeze, name: end.name, inputs: [{ node: made, index: 0 }] },
  ];
}

function from(start: NodeSpec, node: NodeSpec): readonly OutputRef[] {
  return [start.inputs[0]!, ...node.inputs.slice(1)];
}

/** The axis between those of the batch and the side, of four. */
function isHeight(axes: readonly number[] | undefined): boolean {
  return axes?.length === 1 && (axes[0] === 1 || axes[0] === -3);
}

/** Whether each piece is convolved without pads, strides and dilations. */
function isPlain(attributes: NodeAttributes): boolean {
  const isOnes = (name: string): boolean => attributes.ints(name).every((each) => each === 1);
  return (
    attributes.text('padding', 'VALID') === 'VALID' &&
    attributes.text('data_format', 'NHWC') === 'NHWC' &&
    isOnes('strides') &&
    isOnes('dilations')
  );
}

/** The same attributes but for dilations and pads, `[begin, end, …]` of each side. */
function dilated(
  attributes: NodeAttributes,
  dilations: readonly number[],
  pads: readonly number[],
): NodeAttributes {
  const lists: Readonly<Record<string, readonly number[]>> = {
    dilations: [1, ...dilations, 1],
    explicit_paddings: [0, 0, ...pads, 0, 0],
  };
  return {
    ...attributes,
    has: (name) => Object.hasOwn(lists, name) || attributes.has(name),
    ints: (name) => (Object.hasOwn(lists, name) ? lists[name]! : attributes.ints(name)),
    text: (name, fallback) => (name === 'padding' ? 'EXPLICIT' : attributes.text(name, fallback)),
  };
}
