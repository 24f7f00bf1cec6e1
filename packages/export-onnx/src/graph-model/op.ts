import type { GraphBuilder } from '../graph/builder.ts';
import { plain } from '../graph/layout.ts';
import { Refusal } from '../graph/refusal.ts';
import type { Value } from '../graph/value.ts';
import type { Dim, Shape } from '../onnx/model.ts';
import type { NodeAttributes } from './attributes.ts';
import type { Dims } from './dims.ts';
import type { FunctionSpec } from './read-graph.ts';
import { tensorOf, type Scope, type Tensor } from './tensor.ts';

/** One node of a graph model, as a converter sees it. */
export interface OpCall {
  readonly name: string;
  readonly op: string;
  readonly attributes: NodeAttributes;
  readonly inputs: readonly Tensor[];
  readonly scope: Scope;
  readonly graph: GraphBuilder;
  readonly dims: Dims;
  /** A function of the model's library. */
  func(name: string): FunctionSpec;
  /** The outputs of a function in a scope. */
  callFunction(spec: FunctionSpec, inputs: readonly Tensor[], scope: Scope): readonly Tensor[];
}

/** Emits the ONNX nodes of one operation. Throws `Refusal` for what has no ONNX counterpart. */
export type OpConverter = (call: OpCall) => Tensor | readonly Tensor[];
export type OpConverters = Readonly<Record<string, OpConverter>>;

export function input(call: OpCall, index: number): Tensor {
  const found = call.inputs.at(index);
  if (found !== undefined) return found;
  throw new Refusal(`it has ${call.inputs.length} inputs, too few`, 'Convert the model again.');
}

/** Refuses an input of another rank than an operation takes. */
export function checkRank(call: OpCall, index: number, least: number, most: number): void {
  const rank = input(call, index).shape.length;
  if (rank >= least && rank <= most) return;
  const more = most === Infinity ? ' or more' : most === least ? '' : ` to ${most}`;
  throw new Refusal(
    `its input ${index} has rank ${rank}; it takes rank ${least}${more}`,
    'Convert the model again.',
  );
}

/** An input as it lies in memory. */
export function stored(call: OpCall, index: number): Value {
  return input(call, index).value(call.scope);
}

/** An input whose elements lie as its shape says. */
export function plainOf(call: OpCall, index: number): Value {
  return plain(call.graph, stored(call, index));
}

/** What an input holds, symbols among it; undefined where only the run knows. */
export function knownOf(call: OpCall, index: number): readonly Dim[] | undefined {
  return input(call, index).known;
}

/** What an input holds, as numbers. */
export function numbers(call: OpCall, index: number, what: string): readonly number[] {
  const known = knownOf(call, index);
  if (known?.every((dim) => typeof dim === 'number') === true) return known;
  throw new Refusal(
    `${what} is computed by the model as it runs`,
    'Convert the model with a constant there, or with exact input shapes.',
  );
}

export function number(call: OpCall, index: number, what: string): number {
  const [first] = numbers(call, index, what);
  if (first === undefined) throw new Refusal(`${what} is empty`, 'Convert the model again.');
  return first;
}

/** An axis counted from 0. */
export function axisOf(axis: number, rank: number): number {
  const positive = axis < 0 ? axis + rank : axis;
  if (Number.isInteger(positive) && positive >= 0 && positive < rank) return positive;
  throw new Refusal(`its axis ${axis} is not one of ${rank}`, 'Convert the model again.');
}

/** A converter whose single output is a value. */
export function emits(convert: (call: OpCall) => Value): OpConverter {
  return (call) => tensorOf(convert(call));
}

/** Numpy's rule; of two different symbols only the run knows. */
export function broadcastShape({ dims }: OpCall, a: Shape, b: Shape): Shape {
  const rank = Math.max(a.length, b.length);
  return Array.from({ length: rank }, (_, index): Dim => {
    const left = a[index - rank + a.length] ?? 1;
    const right = b[index - rank + b.length] ?? 1;
    if (left === right || right === 1) return left;
    if (left === 1) return right;
    if (typeof left === 'string' && typeof right === 'string') return dims.unknown('broadcast');
    if (typeof left === 'string') return right;
    if (typeof right === 'string') return left;
    throw new Refusal(
      `shapes [${a.join(', ')}] and [${b.join(', ')}] do not broadcast`,
      'Convert the model again: this graph cannot run.',
    );
  });
}

/** The channels, height and the like must be known where weights of that size are needed. */
export function exact(shape: Shape, axis: number, what: string): number {
  const dim = shape.at(axis);
  if (typeof dim === 'number') return dim;
  throw new Refusal(
    `${what} must be known, its input is [${shape.join(', ')}]`,
    'Convert the model with exact input shapes.',
  );
}

// ONNX runtimes stop far below; a lying file must not decide how long a list is.
const MAX_RANK = 32;

/** Dimensions that only the run knows, as many as a tensor of sizes has elements. */
export function unknownShape({ dims }: OpCall, sizes: Shape, hint: string): Shape {
  const rank = exact(sizes, 0, 'the rank of the result');
  if (rank > MAX_RANK) throw new Refusal(`its result has rank ${rank}`, 'Convert the model again.');
  return Array.from({ length: rank }, () => dims.unknown(hint));
}
