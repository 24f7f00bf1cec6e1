import type { ModelArtifacts } from '@snapshot-ensemble/snapshot-core';
import { readWeights, type SavedWeights, type WeightMap } from './artifacts/weights.ts';
import { ExportError, type UnsupportedLayer } from './errors.ts';
import { isGraphModel, type GraphModelArtifacts } from './graph-model/artifacts.ts';
import { buildGraphModel } from './graph-model/build-graph-model.ts';
import { createGraphBuilder, type GraphBuilder } from './graph/builder.ts';
import { plain } from './graph/layout.ts';
import type { Value } from './graph/value.ts';
import { namedByLayer } from './keras/keras3-weights.ts';
import { readTopology, type ModelSpec } from './keras/topology.ts';
import { convertModel } from './layers-model/convert-model.ts';
import { graphInputs } from './layers-model/graph-inputs.ts';
import { ioNames } from './layers-model/io-names.ts';
import { createStateBook, type StateBook } from './layers-model/states.ts';
import { throwIfUnsupported } from './artifacts/unsupported.ts';
import type { Graph, Model } from './onnx/model.ts';
import { optimize } from './optimize/index.ts';
import { irVersionOf, type Settings } from './options.ts';

/** A layers model or a graph model. */
export type AnyArtifacts =
  (Omit<ModelArtifacts, 'weightData'> & SavedWeights) | GraphModelArtifacts;

/** One model as a file says it, its outputs in Keras order. */
export function buildModel(artifacts: AnyArtifacts, settings: Settings): Model {
  return modelOf(optimize(buildGraph(artifacts, settings)), settings);
}

/** The graph as the converters emit it, before the passes. */
export function buildGraph(artifacts: AnyArtifacts, settings: Settings): Graph {
  checkOptions(artifacts, settings);
  if (isGraphModel(artifacts)) return buildGraphModel(artifacts, settings);
  const spec = readTopology(artifacts.modelTopology);
  return layersGraph(spec, namedByLayer(readWeights(artifacts), spec), settings);
}

/** The graph of a layers model, before the passes. */
export function layersGraph(spec: ModelSpec, weights: WeightMap, settings: Settings): Graph {
  const graph = createGraphBuilder(settings.opset);
  const inputNames = ioNames(spec.inputs, settings.inputNames);
  const inputs = graphInputs(graph, spec, inputNames, settings.inputLayout);
  const states = createStateBook(settings.exposeStates ? graph : undefined);
  const outputs = convertOutputs(spec, inputs, graph, weights, settings, states);
  const outputNames = ioNames(spec.outputs, settings.outputNames, new Set(inputNames));
  const named = outputs.map((value, index) => [outputNames[index]!, value] as const);
  const left = states.outputs().map(([name, value]) => [name, plain(graph, value)] as const);
  return graph.finish(spec.name, [...named, ...left]);
}

/** The model's outputs, plain, or one error with all that cannot be exported. */
function convertOutputs(
  spec: ModelSpec,
  inputs: readonly Value[],
  graph: GraphBuilder,
  weights: WeightMap,
  { converters }: Settings,
  states: StateBook,
): readonly Value[] {
  const problems: UnsupportedLayer[] = [];
  const conversion = { weights, converters, convertModel, problems, states, probeDepth: 0 };
  const outputs = convertModel(spec, inputs, graph, conversion);
  throwIfUnsupported(problems);
  return outputs.map((value) => plain(graph, value!));
}

export function modelOf(graph: Graph, { opset, metadata }: Settings): Model {
  return {
    irVersion: irVersionOf(opset),
    opset,
    producerName: '@snapshot-ensemble/export-onnx',
    producerVersion: '',
    metadata,
    graph,
  };
}

/** Options that the kind of model does not have are refused, not dropped. */
function checkOptions(artifacts: AnyArtifacts, settings: Settings): void {
  const [wrong] = isGraphModel(artifacts)
    ? (['exposeStates'] as const).filter((name) => settings[name])
    : (['cutAt', 'inputShapes'] as const).filter((name) => settings[name] !== undefined);
  if (wrong === undefined) return;
  const kind = isGraphModel(artifacts) ? 'a layers model' : 'a graph model';
  throw new ExportError('invalid-option', `${wrong} is an option for ${kind}; leave it out here.`);
}
