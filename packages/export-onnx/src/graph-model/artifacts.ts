import type { ModelArtifacts } from '@snapshot-ensemble/snapshot-core';
import type { WeightBytes } from '../artifacts/weights.ts';

/**
 * A graph model as data: what `tf.loadGraphModel` reads, and `GraphModel.save()` and the Python converter write. The topology
 * is a GraphDef as JSON.
 */
export interface GraphModelArtifacts extends Omit<ModelArtifacts, 'weightData'> {
  /** As saved, in one piece or several, as buffers or views of them. */
  readonly weightData: WeightBytes;
  readonly format?: string | undefined;
  /** Inputs and outputs by name. */
  readonly signature?: object | undefined;
  /** Where files since 2020 have the signature. */
  readonly userDefinedMetadata?: object | undefined;
}

/** Whether the artifacts are a graph model; old files do not say so, but have nodes. */
export function isGraphModel(artifacts: Pick<ModelArtifacts, 'modelTopology'>): boolean {
  const { format } = artifacts as GraphModelArtifacts;
  const topology = artifacts.modelTopology as { readonly node?: unknown } | undefined;
  return format === 'graph-model' || (format === undefined && Array.isArray(topology?.node));
}
