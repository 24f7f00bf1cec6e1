import type { GraphBuilder } from '../graph/builder.ts';
import { physicalShape, type Value } from '../graph/value.ts';
import { int, type Dim, type Shape } from '../onnx/model.ts';
import { int64 } from '../onnx/tensor-data.ts';

type Operation = 'Add' | 'Sub' | 'Mul' | 'Div';

/**
 * Arithmetic on dimensions, exact where it can be: a symbol that is computed of others is the same symbol each time, and
 * multiplying and dividing by the same number gives back what was there.
 */
export interface Dims {
  /** Where symbols can be read. */
  readonly notice: (value: Value) => void;
  add(a: Dim, b: Dim): Dim;
  subtract(a: Dim, b: Dim): Dim;
  multiply(a: Dim, b: Dim): Dim;
  /** Rounded down. */
  divide(a: Dim, b: Dim): Dim;
  /** A dimension unlike any other. */
  unknown(hint: string): string;
  /** An int64 vector. */
  vector(graph: GraphBuilder, dims: Shape): Value;
  /** The same, with symbols read in a body that sees the values around it. */
  inner(): Dims;
}

interface State {
  readonly sources: Map<string, { readonly value: Value; readonly axis: number }>;
  readonly definitions: Map<string, readonly [Operation, Dim, Dim]>;
  readonly fresh: (hint: string) => string;
}

export function createDims(graph: GraphBuilder): Dims {
  return dimsOf({
    sources: new Map(),
    definitions: new Map(),
    fresh: (hint) => graph.unknownDim(hint),
  });
}

function dimsOf(state: State): Dims {
  const { definitions, fresh } = state;
  const symbolOf = (operation: Operation, a: Dim, b: Dim): string => {
    const name = `(${a}${{ Add: '+', Sub: '-', Mul: '*', Div: '/' }[operation]}${b})`;
    definitions.set(name, [operation, a, b]);
    return name;
  };
  const definition = (dim: Dim): readonly [Operation, Dim, Dim] | undefined =>
    typeof dim === 'string' ? definitions.get(dim) : undefined;
  const dims: Dims = {
    notice(value) {
      physicalShape(value).forEach((dim, axis) => {
        if (typeof dim === 'string' && !state.sources.has(dim))
          state.sources.set(dim, { value, axis });
      });
    },
    add(a, b) {
      if (typeof a === 'number' && typeof b === 'number') return a + b;
      if (a === 0) return b;
      if (b === 0) return a;
      if (typeof a === 'number') return dims.add(b, a);
      const known = definition(a);
      if (typeof b === 'number' && known?.[0] === 'Add' && typeof known[2] === 'number')
        return dims.add(known[1], known[2] + b);
      if (known?.[0] === 'Sub' && known[2] === b) return known[1];
      return symbolOf('Add', a, b);
    },
    subtract(a, b) {
      if (a === b) return 0;
      if (typeof b === 'number') return dims.add(a, -b);
      const known = definition(a);
      if (known?.[0] === 'Add' && known[2] === b) return known[1];
      if (known?.[0] === 'Add' && known[1] === b) return known[2];
      return symbolOf('Sub', a, b);
    },
    multiply(a, b) {
      if (typeof a === 'number' && typeof b === 'number') return a * b;
      if (a === 0 || b === 0) return 0;
      if (a === 1) return b;
      if (b === 1) return a;
      if (typeof a === 'number') return dims.multiply(b, a);
      const known = definition(a);
      if (typeof b === 'number' && known?.[0] === 'Mul' && typeof known[2] === 'number')
        return dims.multiply(known[1], known[2] * b);
      return symbolOf('Mul', a, b);
    },
    divide(a, b) {
      if (typeof a === 'number' && typeof b === 'number') return Math.floor(a / b);
      if (b === 1) return a;
      if (a === b) return 1;
      const known = definition(a);
      if (known?.[0] === 'Mul') {
        const [, left, right] = known;
        if (right === b) return left;
        if (left === b) return right;
        if (typeof right === 'number' && typeof b === 'number' && right % b === 0)
          return dims.multiply(left, right / b);
      }
      return symbolOf('Div', a, b);
    },
    unknown: fresh,
    vector(graph, shape) {
      const parts: Value[] = [];
      let exact: number[] = [];
      const flush = (): void => {
        if (exact.length > 0 || (shape.length === 0 && parts.length === 0))
          parts.push(graph.constant(`dims_${exact.join('_')}`, int64([exact.length], exact)));
        exact = [];
      };
      for (const dim of shape) {
        if (typeof dim === 'number') exact.push(dim);
        else {
          flush();
          parts.push(read(graph, dim));
        }
      }
      flush();
      if (parts.length === 1) return parts[0]!;
      const spec = { dtype: 'int64', shape: [shape.length] } as const;
      return graph.op('Concat', parts, spec, { axis: int(0) });
    },
    inner: () => dimsOf({ ...state, sources: new Map(state.sources) }),
  };
  const read = (graph: GraphBuilder, symbol: string): Value => {
    const spec = { dtype: 'int64', shape: [1] } as const;
    const source = state.sources.get(symbol);
    if (source !== undefined) {
      const attributes = { start: int(source.axis), end: int(source.axis + 1) };
      return graph.op('Shape', [source.value], spec, attributes);
    }
    const known = definitions.get(symbol);
    // Every symbol is one of a value's or made of such.
    if (known === undefined) throw new Error(`the dimension ${symbol} is nowhere to be read`);
    const [operation, a, b] = known;
    const one = (dim: Dim): Value => dims.vector(graph, [dim]);
    return graph.op(operation, [one(a), one(b)], spec);
  };
  return dims;
}
