import type { BlobStore } from '../blob-store.ts';
import { formatState } from '../callback-states.ts';
import type { Json } from '../protocol.ts';
import { readTensorsMetadata } from '../safetensors/read.ts';
import { streamSafetensors } from '../safetensors/write.ts';
import type {
  Checkpoint,
  CheckpointContent,
  CheckpointRecord,
  Manifest,
} from '../snapshot-store.ts';
import { StoreError } from '../store-error.ts';
import type { NamedTensor, TensorSpec } from '../tensor.ts';
import { runMetadata } from './blob-metadata.ts';
import { checkpointFolder, saveName } from './keys-of-run.ts';
import { nameBlob, type Session } from './session.ts';
import { readVerifiedTensors } from './verified.ts';

const weightPrefix = 'model/';
const optimizerPrefix = 'optimizer/';
const callbackPrefix = 'callbacks/';

/**
 * Writes model, optimizer and callbacks, names them in the manifest, and removes the previous checkpoint. The
 * optimizer's state is held in memory meanwhile: its specs must be in the header, and only reading it tells them.
 */
export async function saveCheckpoint(
  blobs: BlobStore,
  session: Session,
  at: { readonly step: number; readonly epoch: number },
  { weights, optimizer, callbacks = { json: {} } }: CheckpointContent,
): Promise<CheckpointRecord> {
  const manifest = session.manifest();
  const { step, epoch } = at;
  const state = [
    ...renamed(optimizerPrefix, optimizer === undefined ? [] : await allOf(optimizer)),
    ...renamed(callbackPrefix, callbacks.tensors ?? []),
  ];
  const specs = [...renamed(weightPrefix, manifest.model.weights), ...state.map(specOf)];
  const metadata = {
    ...runMetadata(manifest),
    step: String(step),
    epoch: String(epoch),
    callbacks: formatState(callbacks.json),
  };
  const key = `${checkpointFolder}${saveName(step)}.safetensors`;
  await session.check();
  const { sha256, bytes } = await blobs.write(
    key,
    streamSafetensors(specs, concatenated(weights, state), metadata),
    { ifAbsent: true },
  );
  const checkpoint = { step, epoch, key, sha256, bytes };
  let previous: CheckpointRecord | null = null;
  await nameBlob(blobs, session, key, (current) => {
    previous = current.checkpoint;
    return { ...current, checkpoint };
  });
  await removeIfAny(blobs, previous);
  return checkpoint;
}

async function removeIfAny(blobs: BlobStore, record: CheckpointRecord | null): Promise<void> {
  if (record !== null) await blobs.remove(record.key);
}

export function readCheckpoint(
  blobs: BlobStore,
  manifest: Manifest | undefined,
): Checkpoint | undefined {
  const record = manifest?.checkpoint;
  if (record === undefined || record === null) return undefined;
  const tensors = (prefix: string): AsyncGenerator<NamedTensor> =>
    withPrefix(readVerifiedTensors(blobs, record), prefix);
  return {
    record,
    weights: () => tensors(weightPrefix),
    optimizer: () => tensors(optimizerPrefix),
    callbacks: async () => ({
      json: await readCallbackJson(blobs, record),
      tensors: await allOf(tensors(callbackPrefix)),
    }),
  };
}

async function readCallbackJson(blobs: BlobStore, { key, bytes }: CheckpointRecord): Promise<Json> {
  const { callbacks = '{}' } = await readTensorsMetadata(blobs.read(key), bytes);
  try {
    return JSON.parse(callbacks) as Json;
  } catch (cause) {
    const message = `"${key}" is damaged: the state of its callbacks is not JSON.`;
    throw new StoreError('damaged', message, { key, cause });
  }
}

function specOf({ name, dtype, shape }: TensorSpec): TensorSpec {
  return { name, dtype, shape };
}

function renamed<T extends TensorSpec>(prefix: string, tensors: readonly T[]): T[] {
  return tensors.map((tensor) => ({ ...tensor, name: prefix + tensor.name }));
}

async function allOf(tensors: AsyncIterable<NamedTensor>): Promise<NamedTensor[]> {
  const all: NamedTensor[] = [];
  for await (const tensor of tensors) all.push(tensor);
  return all;
}

async function* concatenated(
  weights: AsyncIterable<NamedTensor>,
  state: readonly NamedTensor[],
): AsyncGenerator<NamedTensor> {
  yield* weights;
  yield* state;
}

async function* withPrefix(
  tensors: AsyncIterable<NamedTensor>,
  prefix: string,
): AsyncGenerator<NamedTensor> {
  let held: NamedTensor | undefined;
  for await (const tensor of tensors) {
    if (!tensor.name.startsWith(prefix)) continue;
    if (held !== undefined) yield held;
    held = { ...tensor, name: tensor.name.slice(prefix.length) };
  }
  // Only now is the checksum of the whole verified.
  if (held !== undefined) yield held;
}
