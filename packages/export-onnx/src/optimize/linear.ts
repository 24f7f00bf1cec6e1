import { elementCount } from '../onnx/dtype.ts';
import type { Node } from '../onnx/model.ts';
import { freshLike, type Allocate } from '../onnx/scratch.ts';
import { computed, derived, float32, type TensorData } from '../onnx/tensor-data.ts';
import { combined, type Affine } from './affine.ts';
import { hasOnly, intOf, intsOf, type RuleContext } from './rewrite.ts';

/** A node that multiplies with a constant kernel, and may add a constant per output channel. */
export interface Linear {
  readonly node: Node;
  readonly kernel: TensorData;
  readonly bias: TensorData | undefined;
  /** Axes of the kernel, and how many groups of channels there are. */
  readonly inAxis: number;
  readonly outAxis: number;
  readonly groups: number;
  /** Axis of the channels in input and output of `rank` axes; MatMul has them last, whatever the rank. */
  readonly axis: number;
  readonly rank: number;
  readonly takesBias: boolean;
}

export function linearOf(node: Node | undefined, context: RuleContext): Linear | undefined {
  if (node === undefined || !Object.hasOwn(kinds, node.opType)) return undefined;
  const [kernel, bias] = [context.constant(node.inputs[1]), context.constant(node.inputs[2])];
  const hasBias = (node.inputs[2] ?? '') !== '';
  if (kernel?.dtype !== 'float32' || (hasBias && bias?.dtype !== 'float32')) return undefined;
  const linear = kinds[node.opType]!(node, kernel, context);
  const isVector = bias === undefined || bias.shape.length === 1;
  return linear && isVector ? { node, kernel, bias, takesBias: true, ...linear } : undefined;
}

type Kind = (
  node: Node,
  kernel: TensorData,
  context: RuleContext,
) => (Omit<Linear, 'node' | 'kernel' | 'bias' | 'takesBias'> & { takesBias?: boolean }) | undefined;

const kinds: Readonly<Record<string, Kind>> = {
  Conv: (node, { shape }) => {
    const groups = intOf(node, 'group', 1) ?? 0;
    return groups > 0 && shape.length > 2
      ? { inAxis: 1, outAxis: 0, groups, axis: 1, rank: shape.length }
      : undefined;
  },
  ConvTranspose: (node, { shape }) =>
    intOf(node, 'group', 1) === 1 && shape.length > 2
      ? { inAxis: 0, outAxis: 1, groups: 1, axis: 1, rank: shape.length }
      : undefined,
  Gemm: (node, { shape }) =>
    hasOnly(node) && shape.length === 2
      ? { inAxis: 0, outAxis: 1, groups: 1, axis: 1, rank: 2 }
      : undefined,
  MatMul: (node, { shape }, context) => {
    const rank = context.declared(node.inputs[0]!).shape?.length ?? 0;
    return rank >= 2 && shape.length === 2
      ? { inAxis: 0, outAxis: 1, groups: 1, axis: rank - 1, rank, takesBias: false }
      : undefined;
  },
};

/** Whether each output sees every input of its window: then a constant added before is a constant added after. */
export function isUnpadded({ node }: Linear): boolean {
  if (node.opType === 'Gemm' || node.opType === 'MatMul') return true;
  const pads = intsOf(node, 'pads') ?? [];
  return node.opType === 'Conv' && !node.attributes['auto_pad'] && pads.every((pad) => pad === 0);
}

/** Kernel and bias of `affine(linear(x))`; undefined where they are of different lengths. */
export function scaledOutputs(
  { kernel, bias, outAxis }: Linear,
  { scale, offset }: Affine,
): { kernel: TensorData; bias: TensorData | undefined } | undefined {
  const channels = kernel.shape[outAxis]!;
  if (![scale, offset].every((data) => fits(data, channels))) return undefined;
  const scaled = scale === undefined || bias === undefined ? bias : combined('×', bias, scale);
  return {
    kernel: scale === undefined ? kernel : scaledKernel(kernel, scale, outAxis, 0),
    bias: offset === undefined ? scaled : sum(scaled ?? zeros(channels), offset),
  };
}

/** Kernel and bias of `linear(affine(x))`. */
export function scaledInputs(
  linear: Linear,
  { scale, offset }: Affine,
): { kernel: TensorData; bias: TensorData | undefined } | undefined {
  const { kernel, bias, inAxis, outAxis, groups } = linear;
  const channels = kernel.shape[inAxis]! * groups;
  if (![scale, offset].every((data) => fits(data, channels))) return undefined;
  // With groups, an output's kernel holds its own group's inputs only.
  const perGroup = groups === 1 ? 0 : kernel.shape[outAxis]! / groups;
  const added = offset && throughKernel(kernel, offset, inAxis, outAxis, perGroup);
  return {
    kernel: scale === undefined ? kernel : scaledKernel(kernel, scale, inAxis, perGroup),
    bias: added === undefined ? bias : bias === undefined ? added : sum(bias, added),
  };
}

function fits(data: TensorData | undefined, channels: number): boolean {
  return data === undefined || [1, channels].includes(elementCount(data.shape));
}

function zeros(channels: number): TensorData {
  return float32([channels], new Float32Array(channels));
}

function sum(a: TensorData, b: TensorData): TensorData {
  return combined('+', a, b)!;
}

/** The kernel with each slice along `axis` times its number; `perGroup` outputs share a group of inputs. */
function scaledKernel(
  kernel: TensorData,
  scale: TensorData,
  axis: number,
  perGroup: number,
): TensorData {
  const [length, inner] = [kernel.shape[axis]!, elementCount(kernel.shape.slice(axis + 1))];
  const outer = length * inner;
  const recipe = `scale ${axis} ${perGroup}`;
  return computed([kernel, scale], recipe, kernel.shape, (allocate = freshLike) => {
    const s = scale.read();
    const out = ownElements(kernel, allocate);
    const isNumber = s.length === 1;
    for (let start = 0, run = 0; start < out.length; start += inner, run++) {
      const first = perGroup === 0 ? 0 : Math.floor(start / outer / perGroup) * length;
      const factor = s[isNumber ? 0 : first + (run % length)] as number;
      for (let at = start; at < start + inner; at++) out[at]! *= factor;
    }
    return out;
  });
}

/** Elements that may be changed: made for the caller, or copied. */
function ownElements(tensor: TensorData, allocate: Allocate): Float32Array {
  const elements = tensor.read(allocate) as Float32Array;
  if (tensor.sources.every(({ buffer }) => buffer !== elements.buffer)) return elements;
  const copy = allocate(elements);
  copy.set(elements);
  return copy;
}

/** What a constant per input channel becomes per output channel: Σ kernel · offset, in float64. */
function throughKernel(
  kernel: TensorData,
  offset: TensorData,
  inAxis: number,
  outAxis: number,
  perGroup: number,
): TensorData {
  const [inputs, outputs] = [kernel.shape[inAxis]!, kernel.shape[outAxis]!];
  const inner = elementCount(kernel.shape.slice(2));
  const recipe = `through ${inAxis} ${perGroup}`;
  return derived([kernel, offset], recipe, [outputs], (k, o) => {
    const sums = new Float64Array(outputs);
    for (let start = 0, run = 0; start < k.length; start += inner, run++) {
      const [first, second] = [Math.floor(run / kernel.shape[1]!), run % kernel.shape[1]!];
      const [input, output] = inAxis === 0 ? [first, second] : [second, first];
      const group = perGroup === 0 ? 0 : Math.floor(output / perGroup) * inputs;
      const added = o[o.length === 1 ? 0 : group + input] as number;
      for (let at = start; at < start + inner; at++) sums[output]! += (k[at] as number) * added;
    }
    return Float32Array.from(sums);
  });
}
