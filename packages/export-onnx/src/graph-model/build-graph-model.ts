import { readWeights } from '../artifacts/weights.ts';
import { throwIfUnsupported } from '../artifacts/unsupported.ts';
import { ExportError, type UnsupportedLayer } from '../errors.ts';
import { createGraphBuilder, type GraphBuilder } from '../graph/builder.ts';
import { plain } from '../graph/layout.ts';
import { BATCH } from '../graph/shapes.ts';
import type { Value } from '../graph/value.ts';
import type { Dim, Graph } from '../onnx/model.ts';
import type { GraphModelArtifacts } from './artifacts.ts';
import { convertNodes, type Conversion } from './convert-nodes.ts';
import { createDims, type Dims } from './dims.ts';
import { invalidGraph } from './invalid-graph.ts';
import { mergeDilated } from './merge-dilated.ts';
import { parseRef, readGraph, type GraphSpec, type OutputRef } from './read-graph.ts';
import { portsOf, type Port } from './signature.ts';
import { tensorOf, type Tensor } from './tensor.ts';

export interface GraphModelSettings {
  readonly opset: number;
  readonly inputLayout: 'nhwc' | 'nchw';
  readonly inputNames?: Readonly<Record<string, string>> | undefined;
  readonly outputNames?: Readonly<Record<string, string>> | undefined;
  readonly cutAt?: readonly string[] | undefined;
  readonly inputShapes?: Readonly<Record<string, readonly number[]>> | undefined;
}

/** The graph of a graph model, before the passes. */
export function buildGraphModel(
  artifacts: GraphModelArtifacts,
  settings: GraphModelSettings,
): Graph {
  const graph = createGraphBuilder(settings.opset);
  return graph.finish('model', graphModelOutputs(artifacts, graph, settings));
}

/** The inputs of a graph model in a builder, and its outputs by name, their elements as their shapes say. */
export function graphModelOutputs(
  artifacts: GraphModelArtifacts,
  graph: GraphBuilder,
  settings: GraphModelSettings,
): readonly (readonly [name: string, value: Value])[] {
  const spec = readGraph(artifacts.modelTopology);
  const ports = portsOf(artifacts, spec);
  const outputs =
    settings.cutAt === undefined ? ports.outputs : settings.cutAt.map((text) => cut(text, spec));
  if (outputs.length === 0)
    throw invalidGraph('the signature', 'names no output, and no node is an end');
  const dims = createDims(graph);
  const problems: UnsupportedLayer[] = [];
  const inputNames = namesOf(ports.inputs, settings.inputNames, new Set());
  const inputs = new Map<string, readonly Tensor[]>();
  ports.inputs.forEach((port, index) => {
    const tensor = inputOf(port, inputNames[index]!, spec, graph, dims, settings);
    if (tensor !== undefined) inputs.set(port.ref.node, [tensor]);
  });
  const weights = readWeights(artifacts, 'skip');
  const conversion: Conversion = {
    weights,
    functions: new Map(
      [...spec.functions].map(([name, own]) => [
        name,
        { ...own, nodes: mergeDilated(own.nodes, weights) },
      ]),
    ),
    problems,
    budget: { nodes: MAX_CONVERTED },
    depth: 0,
  };
  const scope = { graph, dims };
  const results = convertNodes(
    mergeDilated(spec.nodes, weights),
    outputs.map(({ ref }) => ref),
    inputs,
    scope,
    conversion,
  );
  throwIfUnsupported(problems, 'operation');
  if (results.includes(undefined))
    throw invalidGraph('a node', 'reads itself through others, outside of any loop');
  const names = namesOf(outputs, settings.outputNames, new Set(inputNames));
  return results.map(
    (tensor, index) => [names[index]!, plain(graph, tensor!.value(scope))] as const,
  );
}

// Functions are converted once a call; no real model comes near.
const MAX_CONVERTED = 200_000;

function cut(text: string, { nodes }: GraphSpec): Port {
  const ref: OutputRef = parseRef(text);
  if (nodes.has(ref.node)) return { name: text.replaceAll(':', '_'), ref };
  const last = ref.node.split('/').at(-1)!;
  const near = [...nodes.keys()].filter((name) => name.split('/').includes(last));
  const some = (
    near.length > 0 ? near : [...nodes.keys()].filter((name) => name.includes('/'))
  ).slice(-10);
  throw new ExportError(
    'invalid-option',
    `cutAt names "${text}", which is not a node of this model; tensorflowjs_converter merges some nodes into others. There are ${nodes.size}, such as ${some.map((name) => `"${name}"`).join(', ')}.`,
  );
}

/** Those chosen, else the signature's, each once; "/" separates parts of names inside the graph. */
function namesOf(
  ports: readonly Port[],
  chosen: Readonly<Record<string, string>> | undefined,
  taken: ReadonlySet<string>,
): readonly string[] {
  const used = new Set(taken);
  return ports.map((port) => {
    const given = chosen?.[port.name] ?? chosen?.[port.ref.node];
    if (given?.includes('/') === true)
      throw new ExportError(
        'invalid-option',
        `The name "${given}" holds a "/", which separates parts of names inside the graph. Choose another.`,
      );
    const wanted = given ?? port.name.replaceAll('/', '_');
    let name = wanted;
    for (let count = 1; used.has(name); count++) name = `${wanted}_${count}`;
    used.add(name);
    return name;
  });
}

function inputOf(
  { name: key, ref, shape: declared }: Port,
  name: string,
  { nodes }: GraphSpec,
  graph: GraphBuilder,
  dims: Dims,
  { inputLayout, inputShapes }: GraphModelSettings,
): Tensor | undefined {
  const { attributes, op } = nodes.get(ref.node)!;
  const dtype = attributes.type('dtype');
  // A table of a hash table, or a text: whoever reads it is refused.
  if (dtype === undefined || !op.startsWith('Placeholder')) return undefined;
  const own = attributes.shape('shape');
  const shape = inputShapes?.[name] ?? inputShapes?.[key] ?? own ?? declared;
  if (shape?.every((dim) => Number.isSafeInteger(dim) && dim >= -1) !== true)
    throw new ExportError(
      'invalid-option',
      `The model does not say the shape of its input "${name}". Give it: exportOnnx(artifacts, { inputShapes: { '${name}': [-1, …] } }), -1 for what only the run knows.`,
    );
  const fits =
    own === undefined ||
    (own.length === shape.length && own.every((dim, axis) => dim === -1 || dim === shape[axis]));
  if (!fits)
    throw new ExportError(
      'invalid-option',
      `inputShapes has [${shape.join(', ')}] for "${name}", the model [${own.join(', ')}]. Change open dimensions (-1) only.`,
    );
  const symbolic = shape.map((dim, axis): Dim =>
    dim !== -1 ? dim : axis === 0 ? BATCH : `${name}_dim${axis}`,
  );
  const isFirst = inputLayout === 'nchw' && shape.length >= 4;
  const value = graph.input(name, dtype, symbolic, isFirst ? 'channelsFirst' : 'plain');
  dims.notice(value);
  return tensorOf(value);
}
