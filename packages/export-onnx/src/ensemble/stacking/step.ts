import type { Node, Shape } from '../../onnx/model.ts';
import type { TensorData } from '../../onnx/tensor-data.ts';
import type { Emitter, Form } from './form.ts';

/** An operand of a node: a value of the graph, or each member's constant. */
export type Operand =
  | { readonly form: Form; readonly constants?: undefined }
  | { readonly constants: readonly TensorData[]; readonly form?: undefined };

/** One node of the members' graphs. */
export interface Step {
  readonly node: Node;
  /** Undefined for an optional input that is left out. */
  readonly inputs: readonly (Operand | undefined)[];
  /** Shape of its first output, of one member; undefined where it is not known. */
  readonly shape: Shape | undefined;
  readonly emitter: Emitter;
}

/** The node for all members at once, or why that cannot be. */
export type StackingRule = (step: Step) => Form | string;

/** An integer attribute. */
export const number = (node: Node, name: string, fallback: number): number => {
  const attribute = node.attributes[name];
  return attribute?.type === 'int' ? attribute.value : fallback;
};

export function valueOf(operand: Operand | undefined): Form | undefined {
  return operand?.form;
}

/** Any axis, counted from the front. */
export function axisOf(axis: number, rank: number): number {
  return axis < 0 ? axis + rank : axis;
}
