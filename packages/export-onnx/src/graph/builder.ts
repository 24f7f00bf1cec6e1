import { dtypeCodes, type DType } from '../onnx/dtype.ts';
import type { Attribute, Graph, Initializer, Node, Shape, ValueInfo } from '../onnx/model.ts';
import type { TensorData } from '../onnx/tensor-data.ts';
import { createTensorPool } from './tensor-pool.ts';
import { physicalShape, type Layout, type Value } from './value.ts';

export interface OutputSpec {
  readonly dtype: DType;
  /** In Keras order. */
  readonly shape: Shape;
  readonly layout?: Layout;
}

/** What a loop's body takes and gives at each step. */
export interface PortSpec extends OutputSpec {
  readonly layout?: 'plain' | 'channelsFirst';
}

export type Attributes = Readonly<Record<string, Attribute>>;

/** Collects nodes. A node that exists is not made twice: equal constants and equal computations are shared. */
export interface GraphBuilder {
  readonly opset: number;
  /** The same graph, whose nodes take values as they lie in memory, in whatever layout; see `plainly`. */
  readonly stored: GraphBuilder;
  /** A graph input; `channelsFirst` declares it in ONNX's order. */
  input(name: string, dtype: DType, shape: Shape, layout?: 'plain' | 'channelsFirst'): Value;
  constant(name: string, data: TensorData): Value;
  /** One node; `undefined` leaves an optional input out. */
  node(
    opType: string,
    inputs: readonly (Value | undefined)[],
    outputs: readonly OutputSpec[],
    attributes?: Attributes,
  ): readonly Value[];
  /** A node with one output. */
  op(
    opType: string,
    inputs: readonly (Value | undefined)[],
    output: OutputSpec,
    attributes?: Attributes,
  ): Value;
  /** A dimension unlike any other. */
  unknownDim(hint: string): string;
  /** The same graph, with names below `scope`. */
  within(scope: string): GraphBuilder;
  /**
   * A graph for a node to run: `build` gets its inputs and gives its outputs. It sees constants, and in `If` and `Loop` the
   * values around it.
   */
  body(
    name: string,
    inputs: readonly PortSpec[],
    build: (graph: GraphBuilder, inputs: readonly Value[]) => readonly Value[],
  ): Graph;
  /** The graph with the values given as its outputs, under those names. */
  finish(name: string, outputs: readonly (readonly [name: string, value: Value])[]): Graph;
}

interface State {
  readonly opset: number;
  readonly names: Set<string>;
  readonly known: Map<string, readonly Value[]>;
  readonly nodes: Node[];
  readonly inputs: ValueInfo[];
  readonly initializers: Initializer[];
  readonly values: ValueInfo[];
  readonly pool: ReturnType<typeof createTensorPool>;
}

export function createGraphBuilder(opset: number): GraphBuilder {
  return builderWithin('', {
    opset,
    names: new Set(),
    known: new Map(),
    nodes: [],
    inputs: [],
    initializers: [],
    values: [],
    pool: createTensorPool(),
  });
}

function builderWithin(scope: string, state: State): GraphBuilder {
  const unique = (name: string): string => {
    const wanted = scope === '' ? name : `${scope}/${name}`;
    let free = wanted;
    for (let count = 1; state.names.has(free); count++) free = `${wanted}_${count}`;
    state.names.add(free);
    return free;
  };
  const node: GraphBuilder['node'] = (opType, inputs, outputs, attributes = {}) => {
    const inputNames = inputs.map((input) => input?.name ?? '');
    const key = nodeKey(opType, inputNames, outputs.length, attributes);
    const known = key === undefined ? undefined : state.known.get(key);
    // The layout is the caller's reading of the result: equal nodes may be read in two ways.
    if (known !== undefined) return known.map(({ name }, index) => valueOf(name, outputs[index]!));
    const name = unique(opType);
    const values = outputs.map((output, index) =>
      valueOf(index === 0 ? name : unique(`${opType}_output${index}`), output),
    );
    state.nodes.push({
      name,
      opType,
      inputs: inputNames,
      outputs: values.map((v) => v.name),
      attributes,
    });
    state.values.push(...values.map(infoOf));
    if (key !== undefined) state.known.set(key, values);
    return values;
  };
  const builder: GraphBuilder = {
    opset: state.opset,
    get stored() {
      return builder;
    },
    input(name, dtype, shape, layout = 'plain') {
      const value = valueOf(unique(name), { dtype, shape, layout });
      state.inputs.push(infoOf(value));
      return value;
    },
    constant(name, data) {
      const spec = { dtype: data.dtype, shape: data.shape };
      const known = state.pool.find(data);
      if (known !== undefined) return valueOf(known, spec);
      const given = unique(name);
      state.pool.add(given, data);
      state.initializers.push({ name: given, data });
      return valueOf(given, spec);
    },
    node,
    op: (opType, inputs, output, attributes) => node(opType, inputs, [output], attributes)[0]!,
    unknownDim: (hint) => unique(hint).replaceAll('/', '.'),
    within: (inner) => builderWithin(scope === '' ? inner : `${scope}/${inner}`, state),
    body(name, inputs, build) {
      const inner: State = { ...state, known: new Map(), nodes: [], inputs: [], values: [] };
      const graph = builderWithin(unique(name), inner);
      const received = inputs.map(({ dtype, shape, layout = 'plain' }, index) =>
        graph.input(`in${index}`, dtype, shape, layout),
      );
      return finishBody(build(graph, received), inner, () => unique(`${name}/out`));
    },
    finish: (name, outputs) => finish(name, outputs, state),
  };
  return builder;
}

function valueOf(name: string, { dtype, shape, layout = 'plain' }: OutputSpec): Value {
  return { name, dtype, shape, layout };
}

function infoOf(value: Value): ValueInfo {
  return { name: value.name, dtype: dtypeCodes[value.dtype], shape: physicalShape(value) };
}

/** Equal keys mean equal results; undefined where attributes hold what cannot be compared cheaply. */
function nodeKey(
  opType: string,
  inputs: readonly string[],
  outputCount: number,
  attributes: Attributes,
): string | undefined {
  // Two draws are two numbers.
  if (/^Random|^Multinomial$/.test(opType)) return undefined;
  const entries = Object.entries(attributes);
  if (entries.some(([, { type }]) => type === 'tensor' || type === 'graph')) return undefined;
  return JSON.stringify([
    opType,
    inputs,
    outputCount,
    entries.sort(([a], [b]) => (a < b ? -1 : 1)),
  ]);
}

/** Outputs of a loop's body are values of its own nodes, each once. */
function finishBody(outputs: readonly Value[], state: State, freeName: () => string): Graph {
  const own = new Set(state.nodes.flatMap((node) => node.outputs));
  const named = outputs.map((value) => {
    if (own.delete(value.name)) return value;
    // Equal nodes are made once, hence not through the builder that remembers them.
    const copy = { ...value, name: freeName() };
    state.nodes.push({
      name: copy.name,
      opType: 'Identity',
      inputs: [value.name],
      outputs: [copy.name],
      attributes: {},
    });
    return copy;
  });
  const outer = new Set(named.map(({ name }) => name));
  return {
    name: 'body',
    inputs: state.inputs,
    outputs: named.map(infoOf),
    nodes: state.nodes,
    initializers: [],
    valueInfo: state.values.filter(({ name }) => !outer.has(name)),
  };
}

function finish(name: string, outputs: readonly (readonly [string, Value])[], state: State): Graph {
  // An Identity gives an output its name; passes merge it into the node before where they can.
  const nodes = outputs.map(([output, value]): Node => ({
    name: output,
    opType: 'Identity',
    inputs: [value.name],
    outputs: [output],
    attributes: {},
  }));
  return {
    name,
    inputs: state.inputs,
    outputs: outputs.map(([output, value]) => ({ ...infoOf(value), name: output })),
    nodes: [...state.nodes, ...nodes],
    initializers: state.initializers,
    valueInfo: state.values,
  };
}
