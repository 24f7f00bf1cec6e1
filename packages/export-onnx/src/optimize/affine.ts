import { elementCount } from '../onnx/dtype.ts';
import type { Node } from '../onnx/model.ts';
import { derived, reshaped, type TensorData } from '../onnx/tensor-data.ts';
import { hasOnly, intOf, type RuleContext } from './rewrite.ts';

/** A node that computes x · scale + offset with constants: numbers, or one per place along one axis. */
export interface Affine {
  readonly node: Node;
  /** The value x. */
  readonly input: string;
  readonly scale?: TensorData;
  readonly offset?: TensorData;
  /** Where the axis is, counted from the first or from the last; undefined for numbers. */
  readonly axis: { readonly from: 'first' | 'last'; readonly at: number } | undefined;
}

export function affineOf(node: Node | undefined, context: RuleContext): Affine | undefined {
  if (node?.opType === 'BatchNormalization') return normOf(node, context);
  if (node === undefined || !hasOnly(node)) return undefined;
  if (node.opType !== 'Mul' && node.opType !== 'Add') return undefined;
  const side = context.constant(node.inputs[1]) === undefined ? 0 : 1;
  const data = context.constant(node.inputs[side]);
  const input = node.inputs[1 - side]!;
  if (data?.dtype !== 'float32' || context.constant(input) !== undefined) return undefined;
  const rank = data.shape.length;
  // A constant of higher rank would give the result another rank than x has.
  if (rank > 0 && rank > (context.declared(input).shape?.length ?? 0)) return undefined;
  const long = data.shape.flatMap((dim, axis) => (dim === 1 ? [] : [axis]));
  if (long.length > 1) return undefined;
  const axis =
    long[0] === undefined ? undefined : ({ from: 'last', at: rank - 1 - long[0] } as const);
  const vector = reshaped(data, axis === undefined ? [] : [data.shape[long[0]!]!]);
  return { node, input, axis, [node.opType === 'Mul' ? 'scale' : 'offset']: vector };
}

/** scale = γ/√(σ² + ε), offset = β − μ · scale. Jacob et al. 2018, §3.2. */
function normOf(node: Node, context: RuleContext): Affine | undefined {
  const [gamma, beta, mean, variance] = node.inputs.slice(1).map((name) => context.constant(name));
  const all = [gamma, beta, mean, variance];
  const epsilon = node.attributes['epsilon'];
  if (!all.every((data) => data?.dtype === 'float32') || node.outputs.length > 1) return undefined;
  if (!hasOnly(node, 'epsilon', 'momentum', 'spatial', 'training_mode')) return undefined;
  if (intOf(node, 'spatial', 1) !== 1 || intOf(node, 'training_mode', 0) !== 0) return undefined;
  if (epsilon !== undefined && epsilon.type !== 'float') return undefined;
  const ε = epsilon?.value ?? DEFAULT_EPSILON;
  const scale = derived([gamma!, variance!], `norm ${ε}`, gamma!.shape, (g, v) =>
    Float32Array.from(g as Float32Array, (value, at) => value / Math.sqrt((v[at] as number) + ε)),
  );
  const moments = [gamma!, beta!, mean!, variance!];
  const offset = derived(moments, `shift ${ε}`, gamma!.shape, (g, b, m, v) =>
    Float32Array.from(b as Float32Array, (value, at) => {
      const factor = (g[at] as number) / Math.sqrt((v[at] as number) + ε);
      return value - (m[at] as number) * factor;
    }),
  );
  return { node, input: node.inputs[0]!, scale, offset, axis: { from: 'first', at: 1 } };
}

const DEFAULT_EPSILON = 1e-5;

/** Whether the constants lie along this axis of a value of so many axes, or are numbers. */
export function liesAlong(affine: Affine, axis: number, rank: number): boolean {
  if (affine.axis === undefined) return true;
  const { from, at } = affine.axis;
  return from === 'first' ? at === axis : rank - 1 - at === axis;
}

/** Element by element, a number against all; undefined where neither fits. */
export function combined(op: '+' | '×', a: TensorData, b: TensorData): TensorData | undefined {
  const [few, many] = elementCount(a.shape) === 1 ? [a, b] : [b, a];
  if (elementCount(few.shape) !== 1 && a.shape.join() !== b.shape.join()) return undefined;
  const isNumber = elementCount(few.shape) === 1;
  return derived([many, few], op, many.shape, (x, y) =>
    Float32Array.from(x as Float32Array, (value, at) => {
      const other = y[isNumber ? 0 : at] as number;
      return op === '+' ? value + other : value * other;
    }),
  );
}
