import type { BlobStore } from '../blob-store.ts';
import { streamSafetensors } from '../safetensors/write.ts';
import type { Manifest, MemberDescription, MemberRecord } from '../snapshot-store.ts';
import type { NamedTensor } from '../tensor.ts';
import { nameBlob, type Session } from './session.ts';

const stepDigits = 8;

/** Name of what a run saves after so many steps; sorts by step. */
export function stepName(run: string, step: number): string {
  return `step-${String(step).padStart(stepDigits, '0')}-${run}`;
}

/** Writes the weights, then names them in the manifest. */
export async function saveMember(
  blobs: BlobStore,
  session: Session,
  member: MemberDescription,
  weights: AsyncIterable<NamedTensor>,
): Promise<MemberRecord> {
  const { run, model, members } = session.manifest();
  const { cycle, step, learningRate, metrics = {} } = member;
  const id = freeId(stepName(run, step), members);
  const key = `members/${id}.safetensors`;
  const metadata = { run, step: String(step), cycle: String(cycle) };
  const { sha256, bytes } = await blobs.write(
    key,
    streamSafetensors(model.weights, weights, metadata),
  );
  const record = { id, cycle, step, learningRate, metrics: { ...metrics }, key, sha256, bytes };
  const superseded = members.filter((other) => other.step === step);
  await nameBlob(blobs, session, key, (manifest) => ({
    ...manifest,
    members: inOrder([...manifest.members.filter((other) => other.step !== step), record]),
  }));
  for (const other of superseded) await blobs.remove(other.key);
  return record;
}

export async function removeMember(blobs: BlobStore, session: Session, id: string): Promise<void> {
  const member = session.manifest().members.find((candidate) => candidate.id === id);
  if (member === undefined) return;
  await session.update((manifest) => ({
    ...manifest,
    members: manifest.members.filter((candidate) => candidate.id !== id),
  }));
  await blobs.remove(member.key);
}

/** A blob that the manifest names is never written over: a crash would leave it with another's checksum. */
function freeId(name: string, members: Manifest['members']): string {
  const taken = new Set(members.map(({ id }) => id));
  let id = name;
  for (let attempt = 2; taken.has(id); attempt += 1) id = `${name}-${attempt}`;
  return id;
}

function inOrder(members: readonly MemberRecord[]): readonly MemberRecord[] {
  return members.toSorted((a, b) => a.step - b.step);
}
