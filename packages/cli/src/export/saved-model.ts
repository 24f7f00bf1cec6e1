import { readFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import type { GraphModelArtifacts } from '@snapshot-ensemble/export-onnx';
import type { ModelArtifacts, WeightSpec } from '@snapshot-ensemble/snapshot-core';
import { UsageError } from '../run-main.ts';

/** The file that `model.save()` of TensorFlow.js and its Python converter write. */
interface SavedModel {
  readonly format?: unknown;
  readonly modelTopology?: unknown;
  /** Of a graph model: its inputs and outputs, in either of two places. */
  readonly signature?: object;
  readonly userDefinedMetadata?: object;
  readonly weightsManifest?: readonly {
    readonly paths: readonly string[];
    readonly weights: readonly WeightSpec[];
  }[];
}

/** Reads a model.json, of a layers model or a graph model, and the weight files that it names. Throws `UsageError`. */
export async function readSavedModel(
  path: string,
  directory: string,
): Promise<ModelArtifacts | GraphModelArtifacts> {
  const file = resolve(directory, path);
  const { format, modelTopology, weightsManifest, signature, userDefinedMetadata } = await parse(
    path,
    file,
  );
  const isWhole = typeof modelTopology === 'object' && modelTopology !== null;
  if (!isWhole || !Array.isArray(weightsManifest))
    throw new UsageError(
      `export: "${path}" is not a TensorFlow.js model: it lacks modelTopology or weightsManifest. Give the model.json that model.save() or tensorflowjs_converter wrote.`,
    );
  const groups = weightsManifest as NonNullable<SavedModel['weightsManifest']>;
  const shards = groups.flatMap(({ paths }) => paths);
  const buffers: ArrayBuffer[] = [];
  for (const shard of shards) buffers.push(await readShard(path, file, shard));
  return {
    ...(typeof format === 'string' && { format }),
    ...(signature && { signature }),
    ...(userDefinedMetadata && { userDefinedMetadata }),
    modelTopology,
    weightSpecs: groups.flatMap(({ weights }) => weights),
    weightData: buffers,
  };
}

async function parse(path: string, file: string): Promise<SavedModel> {
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (error) {
    throw new UsageError(`export: cannot read "${path}" (${(error as Error).message}).`, {
      cause: error,
    });
  }
  try {
    return (JSON.parse(text) ?? {}) as SavedModel;
  } catch (error) {
    throw new UsageError(
      `export: "${path}" is not JSON (${(error as Error).message}). Give the model.json that model.save() wrote.`,
      { cause: error },
    );
  }
}

async function readShard(path: string, file: string, shard: unknown): Promise<ArrayBuffer> {
  try {
    const bytes = await readFile(join(dirname(file), String(shard)));
    return bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength);
  } catch (error) {
    throw new UsageError(
      `export: "${path}" names the weight file "${String(shard)}", which cannot be read (${(error as Error).message}). Put it beside the model.json.`,
      { cause: error },
    );
  }
}
