import type { BlobStore } from '../blob-store.ts';
import { streamSafetensors } from '../safetensors/write.ts';
import type { CheckpointRecord, Manifest, SnapshotStore } from '../snapshot-store.ts';
import type { NamedTensor, TensorSpec } from '../tensor.ts';
import { stepName } from './members.ts';
import { nameBlob, type Session } from './session.ts';
import { readVerifiedTensors } from './verified.ts';

const weightPrefix = 'model/';
const optimizerPrefix = 'optimizer/';

/**
 * Writes model and optimizer, names them in the manifest, and removes the checkpoint before. The optimizer's
 * state is held in memory meanwhile: its specs must be in the header, and only reading it tells them.
 */
export async function saveCheckpoint(
  blobs: BlobStore,
  session: Session,
  at: { readonly step: number; readonly epoch: number },
  weights: AsyncIterable<NamedTensor>,
  optimizer: AsyncIterable<NamedTensor>,
): Promise<CheckpointRecord> {
  const { run, model, checkpoint: previous } = session.manifest();
  const state: NamedTensor[] = [];
  for await (const tensor of optimizer) state.push(tensor);
  const specs = [...prefixed(weightPrefix, model.weights), ...prefixed(optimizerPrefix, state)];
  const key = freeKey(`checkpoints/${stepName(run, at.step)}`, previous?.key);
  const { sha256, bytes } = await blobs.write(
    key,
    streamSafetensors(specs, concatenated(weights, state), { run, step: String(at.step) }),
  );
  const checkpoint = { step: at.step, epoch: at.epoch, key, sha256, bytes };
  await nameBlob(blobs, session, key, (manifest) => ({ ...manifest, checkpoint }));
  if (previous !== null) await blobs.remove(previous.key);
  return checkpoint;
}

export function readCheckpoint(
  blobs: BlobStore,
  manifest: Manifest | undefined,
): Awaited<ReturnType<SnapshotStore['readCheckpoint']>> {
  const record = manifest?.checkpoint;
  if (record === undefined || record === null) return undefined;
  return {
    record,
    weights: () => withPrefix(readVerifiedTensors(blobs, record), weightPrefix),
    optimizer: () => withPrefix(readVerifiedTensors(blobs, record), optimizerPrefix),
  };
}

function prefixed(prefix: string, specs: readonly TensorSpec[]): TensorSpec[] {
  return specs.map(({ name, dtype, shape }) => ({ name: prefix + name, dtype, shape }));
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

function freeKey(name: string, taken: string | undefined): string {
  const key = `${name}.safetensors`;
  return key === taken ? `${name}-2.safetensors` : key;
}
