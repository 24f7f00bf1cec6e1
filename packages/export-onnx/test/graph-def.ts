import type { GraphModelArtifacts } from '../src/index.ts';

/** GraphDefs as JSON, written by hand. */
export type Attr = Readonly<Record<string, unknown>>;
export type DType = 'float32' | 'int32' | 'bool';

const typeNames = { float32: 'DT_FLOAT', int32: 'DT_INT32', bool: 'DT_BOOL' } as const;

export const attr = {
  text: (value: string): Attr => ({ s: btoa(value) }),
  texts: (values: readonly string[]): Attr => ({ list: { s: values.map((value) => btoa(value)) } }),
  int: (value: number): Attr => ({ i: String(value) }),
  ints: (values: readonly number[]): Attr => ({ list: { i: values.map(String) } }),
  float: (value: number): Attr => ({ f: value }),
  bool: (value: boolean): Attr => ({ b: value }),
  type: (dtype: DType): Attr => ({ type: typeNames[dtype] }),
  shape: (dims: readonly number[]): Attr => ({
    shape: { dim: dims.map((size) => ({ size: String(size) })) },
  }),
  func: (name: string): Attr => ({ func: { name } }),
};

export interface GraphNode {
  readonly name: string;
  readonly op: string;
  readonly input?: readonly string[];
  readonly attr?: Readonly<Record<string, Attr>>;
}

export interface Constant {
  readonly name: string;
  readonly dtype: DType;
  readonly shape: readonly number[];
  readonly values: readonly number[];
}

export function placeholder(name: string, dtype: DType, shape: readonly number[]): GraphNode {
  return {
    name,
    op: 'Placeholder',
    attr: { dtype: attr.type(dtype), shape: attr.shape(shape) },
  };
}

/** A model of nodes and constants, each a `Const` of that name. */
export function graphModel(
  nodes: readonly GraphNode[],
  constants: readonly Constant[],
  outputs: Readonly<Record<string, string>>,
  library?: readonly object[],
): GraphModelArtifacts {
  const consts = constants.map(({ name, dtype, shape }): GraphNode => ({
    name,
    op: 'Const',
    attr: {
      dtype: attr.type(dtype),
      value: { tensor: { dtype: typeNames[dtype] } },
      shape: attr.shape(shape),
    },
  }));
  const bytes = constants.map(({ dtype, values }) => bytesOf(dtype, values));
  const total = bytes.reduce((sum, { length }) => sum + length, 0);
  const data = new Uint8Array(total);
  let at = 0;
  for (const part of bytes) {
    data.set(part, at);
    at += part.length;
  }
  const inputs = nodes
    .filter(({ op }) => op === 'Placeholder')
    .map(({ name }) => [name, { name: `${name}:0` }]);
  return {
    format: 'graph-model',
    modelTopology: {
      node: [...consts, ...nodes],
      versions: { producer: 1395 },
      ...(library && { library: { function: library } }),
    },
    signature: {
      inputs: Object.fromEntries(inputs) as object,
      outputs: Object.fromEntries(Object.entries(outputs).map(([key, name]) => [key, { name }])),
    },
    weightSpecs: constants.map(({ name, dtype, shape }) => ({ name, dtype, shape: [...shape] })),
    weightData: data.buffer,
  };
}

function bytesOf(dtype: DType, values: readonly number[]): Uint8Array {
  if (dtype === 'bool') return Uint8Array.from(values);
  const typed = dtype === 'int32' ? Int32Array.from(values) : Float32Array.from(values);
  return new Uint8Array(typed.buffer);
}
