import type { ModelArtifacts } from '@snapshot-ensemble/snapshot-core';
import { buildModel, convertOutputs } from '../src/build-model.ts';
import { graphInputs } from '../src/convert/graph-inputs.ts';
import { ioNames } from '../src/convert/names.ts';
import { createGraphBuilder } from '../src/graph/builder.ts';
import { readTopology } from '../src/model/topology.ts';
import { readWeights } from '../src/model/weights.ts';
import { settingsOf } from '../src/options.ts';

/** Nodes as the converters emit them, and what the passes leave of them. */
export function nodeCounts(artifacts: ModelArtifacts): {
  readonly before: number;
  readonly after: number;
} {
  const settings = settingsOf({});
  const spec = readTopology(artifacts.modelTopology);
  const graph = createGraphBuilder(settings.opset);
  const inputs = graphInputs(graph, spec, ioNames(spec.inputs, undefined), settings.inputLayout);
  const outputs = convertOutputs(spec, inputs, graph, readWeights(artifacts), settings);
  const named = outputs.map((value, index) => [`output${index}`, value] as const);
  return {
    before: graph.finish(spec.name, named).nodes.length,
    after: buildModel(artifacts, settings).graph.nodes.length,
  };
}
