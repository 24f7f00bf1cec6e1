import type { NamedTensorMap, Tensor } from '@tensorflow/tfjs-core';
import type { TensorFlow } from '../kernel.ts';

/** Of each input of a recorded operation, by its name; only those that are wanted are computed. */
export type GradientFunction = (
  dy: Tensor,
  saved: readonly Tensor[],
) => Record<string, () => Tensor>;

/** One recorded operation. */
export interface TapeNode {
  readonly kernelName: string;
  readonly inputs: NamedTensorMap;
  readonly outputs: readonly Tensor[];
}

/** What is used of the engine of TensorFlow.js 4.22. */
interface Engine {
  readonly state: {
    /** Null outside of gradient functions. */
    readonly activeTape: readonly TapeNode[] | null;
    readonly gradientDepth: number;
  };
  /** Records an operation; a gradient that is registered under the name goes before `gradient`. */
  addTapeNode: (
    name: string,
    inputs: NamedTensorMap,
    outputs: Tensor[],
    gradient: GradientFunction | null,
    saved: Tensor[],
    attributes: object,
  ) => void;
}

/** An operation as it is about to be recorded. */
export interface Operation {
  readonly inputs: NamedTensorMap;
  readonly output: Tensor;
  readonly saved: readonly Tensor[];
  readonly attributes: object;
  /** What has been recorded before it. */
  readonly tape: readonly TapeNode[];
  /** 1 inside of a gradient function, 2 inside of one in that, as for second order. */
  readonly depth: number;
}

/** The inputs and the gradient to record for an operation; undefined where the published ones are right. */
export type Rewrite = (
  operation: Operation,
) => { readonly inputs: NamedTensorMap; readonly gradient: GradientFunction } | undefined;

/**
 * Lets the engine record operations of the WASM backend, by their names, with inputs and gradients of ours. It wraps the engine's own
 * function for good: what is not in the table, or comes from another backend, is recorded as it was.
 */
export function rewriteRecords(tf: TensorFlow, rewrites: Readonly<Record<string, Rewrite>>): void {
  const engine = tf.engine() as unknown as Engine;
  const record = engine.addTapeNode.bind(engine);
  engine.addTapeNode = (name, inputs, outputs, gradient, saved, attributes) => {
    const rewrite = tf.getBackend() === 'wasm' ? rewrites[name] : undefined;
    const { activeTape, gradientDepth: depth } = engine.state;
    const operation = { inputs, output: outputs[0]!, saved, attributes, depth };
    const ours = rewrite?.({ ...operation, tape: activeTape ?? [] });
    if (ours === undefined) record(name, inputs, outputs, gradient, saved, attributes);
    else record(`${name} on wasm`, ours.inputs, outputs, ours.gradient, saved, attributes);
  };
}
