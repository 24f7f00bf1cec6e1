import type { ModelArtifacts } from '@snapshot-ensemble/snapshot-core';
import { buildGraph, buildModel } from '../src/build-model.ts';
import { settingsOf } from '../src/options.ts';

/** Nodes as the converters emit them, and what the passes leave of them. */
export function nodeCounts(artifacts: ModelArtifacts): {
  readonly before: number;
  readonly after: number;
} {
  const settings = settingsOf({});
  return {
    before: buildGraph(artifacts, settings).nodes.length,
    after: buildModel(artifacts, settings).graph.nodes.length,
  };
}
