import type { GraphModelArtifacts } from '@snapshot-ensemble/export-onnx';
import type { ModelArtifacts } from '@snapshot-ensemble/snapshot-core';
import { UsageError } from '../run-main.ts';
import type { ExportSettings } from './flags.ts';
import { readSavedModel } from './saved-model.ts';

/** A frozen model, whole or up to some nodes, whose outputs the members take. */
export interface Backbone {
  readonly artifacts: ModelArtifacts | GraphModelArtifacts;
  readonly cutAt?: readonly string[];
  readonly inputShapes?: Readonly<Record<string, readonly number[]>>;
}

/** The backbone that the flags name, if any. Throws `UsageError`. */
export async function readBackbone(
  { backbone, cutAt, inputShapes }: ExportSettings,
  directory: string,
): Promise<Backbone | undefined> {
  if (backbone !== undefined)
    return {
      artifacts: await readSavedModel(backbone, directory),
      ...(cutAt && { cutAt }),
      ...(inputShapes && { inputShapes }),
    };
  if (cutAt === undefined && inputShapes === undefined) return undefined;
  throw new UsageError(
    `export: ${cutAt ? '--cut-at' : 'inputShapes'} applies to graph models, and the members of a store are layers models. Add --backbone, or leave it out.`,
  );
}
