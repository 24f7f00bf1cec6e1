import type { NamedTensorMap, Tensor } from '@tensorflow/tfjs-core';
import { isRecording } from '../gradients.ts';
import type { KernelNotes, TensorFlow } from '../kernel.ts';
import type { BatchNormGradientAttributes } from '../kernels/batch-norm.ts';
import type { ReductionNote } from '../kernels/sums.ts';
import type { Rewrite, TapeNode } from './engine.ts';

/** The moments stand right before the normalisation, with the copies that TensorFlow.js keeps for gradients between them. */
const reach = 64;
/** Operations after which a tensor holds the same numbers. */
const renamings = ['Cast', 'Identity', 'Reshape'];

/**
 * A normalisation by the moments of x itself is recorded as an operation of x alone: what comes back through mean and variance is part of its
 * gradient, which then takes two passes over the images instead of about twelve (Ioffe & Szegedy 2015, section 3). Only in
 * a gradient of first order: in one of second order the moments may be differentiated for themselves.
 */
export function ofBatchNorm(tf: TensorFlow, notes: KernelNotes): Rewrite {
  return ({ inputs, saved, attributes, tape, depth }) => {
    const { x, mean, variance, ...own } = inputs as Record<'x' | 'mean' | 'variance', Tensor>;
    const isPerChannel = [mean, variance, saved[3]].every((each) => each?.rank === 1);
    if (depth !== 1 || !isPerChannel || x.dtype !== 'float32') return undefined;
    if (!areMoments(tape.slice(-reach), notes, x, mean, variance)) return undefined;
    const { varianceEpsilon } = attributes as BatchNormGradientAttributes;
    return {
      inputs: { x, ...own },
      gradient: (dy, kept) => {
        const compute = isRecording(tf) ? composed : inOneCall;
        const [dx, scale, offset] = compute(tf, dy, kept, varianceEpsilon);
        return { x: () => dx, scale: () => scale, offset: () => offset };
      },
    };
  };
}

type Gradients = [dx: Tensor, scale: Tensor, offset: Tensor];

function inOneCall(
  tf: TensorFlow,
  dy: Tensor,
  [x, mean, variance, scale]: readonly Tensor[],
  varianceEpsilon: number,
): Gradients {
  const inputs = { x, dy, mean, variance, scale } as NamedTensorMap;
  return tf
    .engine()
    .runKernel('TrainingBatchNormGradient', inputs, { varianceEpsilon }) as unknown as Gradients;
}

/** The same in operations that have gradients themselves. */
function composed(
  tf: TensorFlow,
  dy: Tensor,
  [x, mean, variance, scale]: readonly Tensor[],
  varianceEpsilon: number,
): Gradients {
  const axes = x!.shape.slice(0, -1).map((_, axis) => axis);
  const inverse = tf.rsqrt(tf.add(variance!, varianceEpsilon));
  const normalized = tf.mul(tf.sub(x!, mean!), inverse);
  const ofScale = tf.sum(tf.mul(dy, normalized), axes);
  const ofOffset = tf.sum(dy, axes);
  const rows = x!.size / mean!.size;
  const back = tf.add(ofOffset, tf.mul(normalized, ofScale));
  const dx = tf.mul(tf.mul(scale!, inverse), tf.sub(dy, tf.div(back, rows)));
  return [dx, ofScale, ofOffset];
}

/** Whether the tape says that mean and variance were computed from x, over all axes but the last. */
function areMoments(
  tape: readonly TapeNode[],
  notes: KernelNotes,
  x: Tensor,
  mean: Tensor,
  variance: Tensor,
): boolean {
  const maker = (tensor: Tensor, kernelName: string): TapeNode | undefined => {
    const node = nodeOf(tape, origin(tape, tensor));
    return node?.kernelName === kernelName ? node : undefined;
  };
  const isSame = (a: Tensor, b: Tensor): boolean =>
    origin(tape, a).id === origin(tape, b).id && a.shape.at(-1) === b.shape.at(-1);
  const isOverRows = (node: TapeNode): boolean => {
    const note = notes.get(node.outputs[0]!.dataId) as ReductionNote | undefined;
    return note?.outer === 1 && note.inner === x.shape.at(-1);
  };
  const meanNode = maker(mean, 'Mean');
  const varianceNode = maker(variance, 'Mean');
  if (meanNode === undefined || varianceNode === undefined) return false;
  const squareNode = maker(varianceNode.inputs['x']!, 'Square');
  const subNode = squareNode && maker(squareNode.inputs['x']!, 'Sub');
  if (subNode === undefined) return false;
  const { a, b } = subNode.inputs as Record<'a' | 'b', Tensor>;
  return (
    [meanNode, varianceNode].every(isOverRows) &&
    isSame(meanNode.inputs['x']!, x) &&
    isSame(a, x) &&
    isSame(b, mean)
  );
}

function nodeOf(tape: readonly TapeNode[], { id }: Tensor): TapeNode | undefined {
  return tape.findLast(({ outputs }) => outputs.some((output) => output.id === id));
}

/** The tensor from which this one has its numbers. */
function origin(tape: readonly TapeNode[], tensor: Tensor): Tensor {
  const node = nodeOf(tape, tensor);
  if (node === undefined || !renamings.includes(node.kernelName)) return tensor;
  return origin(tape, Object.values(node.inputs)[0]!);
}
