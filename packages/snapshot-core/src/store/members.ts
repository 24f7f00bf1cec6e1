import type { BlobStore } from '../blob-store.ts';
import { streamSafetensors } from '../safetensors/write.ts';
import type { MemberDescription, MemberRecord } from '../snapshot-store.ts';
import type { NamedTensor } from '../tensor.ts';
import { memberMetadata } from './blob-metadata.ts';
import { memberFolder, saveName } from './keys-of-run.ts';
import { nameBlob, type Session } from './session.ts';

/** Writes the weights, then names them in the manifest. */
export async function saveMember(
  blobs: BlobStore,
  session: Session,
  member: MemberDescription,
  weights: AsyncIterable<NamedTensor>,
): Promise<MemberRecord> {
  const manifest = session.manifest();
  const { cycle, step, learningRate, metrics = {} } = member;
  const id = saveName(step);
  const key = `${memberFolder}${id}.safetensors`;
  const described = { cycle, step, learningRate, metrics: { ...metrics } };
  await session.check();
  const { sha256, bytes } = await blobs.write(
    key,
    streamSafetensors(manifest.model.weights, weights, memberMetadata(manifest, described)),
    { ifAbsent: true },
  );
  const record = { id, ...described, key, sha256, bytes };
  let superseded: readonly MemberRecord[] = [];
  await nameBlob(blobs, session, key, (current) => {
    superseded = current.members.filter((other) => other.step === step);
    const others = current.members.filter((other) => other.step !== step);
    return { ...current, members: inOrder([...others, record]) };
  });
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

export function inOrder(members: readonly MemberRecord[]): readonly MemberRecord[] {
  return members.toSorted((a, b) => a.step - b.step);
}
