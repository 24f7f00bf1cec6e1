import { int, type Dim, type Shape } from '../onnx/model.ts';
import { float32, int64 } from '../onnx/tensor-data.ts';
import type { GraphBuilder, PortSpec } from './builder.ts';
import { physicalShape, toChannelsFirst, type Value } from './value.ts';

/** Name of the symbol that stands for the batch. */
export const BATCH = 'N';

/**
 * Stored dimensions as an int64 vector; the run reads symbols from the `sources`. At most one may be in none of them: -1, what
 * is left over. Undefined where more are.
 */
export function shapeVector(
  graph: GraphBuilder,
  dims: Shape,
  sources: readonly Value[],
): Value | undefined {
  const missing = new Set(
    dims.filter((dim) => typeof dim === 'string' && sourceOf(dim, sources) === undefined),
  );
  if (missing.size > 1) return undefined;
  const parts: Value[] = [];
  let known: number[] = [];
  const flush = (): void => {
    if (known.length > 0)
      parts.push(graph.constant(`dims_${known.join('_')}`, int64([known.length], known)));
    known = [];
  };
  for (const dim of dims) {
    const source = typeof dim === 'string' ? sourceOf(dim, sources) : undefined;
    if (source === undefined) known.push(typeof dim === 'number' ? dim : -1);
    else {
      flush();
      parts.push(dimOf(graph, source.value, source.axis));
    }
  }
  flush();
  if (parts.length === 1) return parts[0];
  return graph.op('Concat', parts, { dtype: 'int64', shape: [dims.length] }, { axis: int(0) });
}

function sourceOf(
  dim: string,
  sources: readonly Value[],
): { readonly value: Value; readonly axis: number } | undefined {
  for (const value of sources) {
    const axis = physicalShape(value).indexOf(dim);
    if (axis >= 0) return { value, axis };
  }
  return undefined;
}

// Y = Shape(X)[axis : axis + 1]   (opset 15)
function dimOf(graph: GraphBuilder, value: Value, axis: number): Value {
  const attributes = { start: int(axis), end: int(axis + 1) };
  return graph.op('Shape', [value], { dtype: 'int64', shape: [1] }, attributes);
}

/** Zeros of a shape whose symbols the `sources` have. */
export function zeros(graph: GraphBuilder, spec: PortSpec, sources: readonly Value[]): Value {
  const dims = spec.layout === 'channelsFirst' ? toChannelsFirst(spec.shape) : spec.shape;
  if (dims.every(isExact) && size(dims) <= MAX_STORED) {
    const value = graph.constant(
      `zeros_${dims.join('_')}`,
      float32(dims, new Float32Array(size(dims))),
    );
    return { ...value, shape: spec.shape, layout: spec.layout ?? 'plain' };
  }
  return graph.op('ConstantOfShape', [shapeVector(graph, dims, sources)], spec);
}

// A file need not hold more zeros than this.
const MAX_STORED = 1024;

function isExact(dim: Dim): dim is number {
  return typeof dim === 'number';
}

function size(dims: readonly number[]): number {
  return dims.reduce((product, dim) => product * dim, 1);
}
