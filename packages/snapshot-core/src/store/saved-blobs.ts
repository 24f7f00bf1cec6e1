import { measured } from '@snapshot-ensemble/bytes';
import * as v from 'valibot';
import type { BlobInfo, BlobStore } from '../blob-store.ts';
import { decodeSafetensorsStream, readFileHeader } from '../safetensors/read.ts';
import type { Metadata } from '../safetensors/header.ts';
import type { CheckpointRecord, MemberRecord } from '../snapshot-store.ts';
import { StoreError } from '../store-error.ts';
import type { TensorSpec } from '../tensor.ts';
import { checkpointFolder, memberFolder } from './keys-of-run.ts';
import { drain } from './drain.ts';
import { runSchemas, type RunFacts } from './manifest.ts';

/** A blob that a run saved, and what it says about itself and its run. */
export type SavedBlob = SavedMember | SavedCheckpoint;

interface Saved {
  readonly info: BlobInfo;
  readonly run: string;
  readonly savedAt: string;
  readonly weights: readonly TensorSpec[];
  readonly description: RunFacts;
}

export interface SavedMember extends Saved {
  readonly kind: 'member';
  readonly member: Omit<MemberRecord, 'sha256' | 'bytes'>;
}

export interface SavedCheckpoint extends Saved {
  readonly kind: 'checkpoint';
  readonly checkpoint: Omit<CheckpointRecord, 'sha256' | 'bytes'>;
}

const savedName = /^(?:members|checkpoints)\/(step-\d{8,}-[0-9a-f]{12})\.safetensors$/;

/** All blobs where runs save theirs; undefined for what no run of ours wrote, as far as can be told. */
export async function* listSaved(
  blobs: BlobStore,
): AsyncGenerator<{ readonly info: BlobInfo; readonly saved: SavedBlob | undefined }> {
  for (const folder of [memberFolder, checkpointFolder]) {
    const infos: BlobInfo[] = [];
    for await (const info of blobs.list(folder)) infos.push(info);
    for (const info of infos) yield { info, saved: await readSaved(blobs, info) };
  }
}

async function readSaved(blobs: BlobStore, info: BlobInfo): Promise<SavedBlob | undefined> {
  const id = savedName.exec(info.key)?.[1];
  if (id === undefined) return undefined;
  try {
    const { entries, metadata } = await readFileHeader(blobs.read(info.key), info.bytes);
    const specs = entries.map(({ name, dtype, shape }) => ({ name, dtype, shape }));
    return info.key.startsWith(memberFolder)
      ? savedMember(info, id, specs, metadata)
      : savedCheckpoint(info, specs, metadata);
  } catch (error) {
    if (error instanceof StoreError && error.code !== 'io') return undefined;
    if (error instanceof v.ValiError || error instanceof SyntaxError) return undefined;
    throw error;
  }
}

function savedMember(
  info: BlobInfo,
  id: string,
  weights: readonly TensorSpec[],
  metadata: Metadata,
): SavedMember {
  const { cycle, step, learningRate } = v.parse(runSchemas.memberFields, {
    cycle: Number(metadata['cycle']),
    step: Number(metadata['step']),
    learningRate: metadata['learningRate'],
  });
  const metrics = v.parse(runSchemas.metrics, JSON.parse(metadata['metrics'] ?? ''));
  const member = { id, cycle, step, learningRate: Number(learningRate), metrics, key: info.key };
  return { kind: 'member', info, weights, member, ...commonOf(metadata) };
}

function savedCheckpoint(
  info: BlobInfo,
  specs: readonly TensorSpec[],
  metadata: Metadata,
): SavedCheckpoint {
  const { step, epoch } = v.parse(runSchemas.checkpointFields, {
    step: Number(metadata['step']),
    epoch: Number(metadata['epoch']),
  });
  const prefix = 'model/';
  const weights = specs
    .filter(({ name }) => name.startsWith(prefix))
    .map((spec) => ({ ...spec, name: spec.name.slice(prefix.length) }));
  const checkpoint = { step, epoch, key: info.key };
  return { kind: 'checkpoint', info, weights, checkpoint, ...commonOf(metadata) };
}

function commonOf({
  run,
  savedAt,
  description = '',
}: Metadata): Pick<Saved, 'run' | 'savedAt' | 'description'> {
  return {
    ...v.parse(runSchemas.savedFields, { run, savedAt }),
    description: v.parse(runSchemas.description, JSON.parse(description)),
  };
}

/** Size and checksum of a blob whose tensors can all be read; undefined if they cannot. */
export async function sumOf(
  blobs: BlobStore,
  { key, bytes }: BlobInfo,
): Promise<{ readonly sha256: string; readonly bytes: number } | undefined> {
  const { stream, sum } = measured(blobs.read(key, undefined, { reuseChunks: true }));
  try {
    await drain(decodeSafetensorsStream(stream, bytes, { reuseData: true }));
  } catch (error) {
    if (error instanceof StoreError && error.code === 'damaged') return undefined;
    throw error;
  }
  return sum();
}
