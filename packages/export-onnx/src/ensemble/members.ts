import type { BundleMember } from '@snapshot-ensemble/ensemble-bundle';
import type { ModelArtifacts, NamedTensor, SnapshotStore } from '@snapshot-ensemble/snapshot-core';
import { readWeights, weightsOf, type WeightMap } from '../artifacts/weights.ts';
import { ExportError } from '../errors.ts';
import { namedByLayer } from '../keras/keras3-weights.ts';
import { readTopology, type ModelSpec } from '../keras/topology.ts';

/** A member ready to be converted. */
export interface Member {
  readonly spec: ModelSpec;
  readonly weights: WeightMap;
  readonly description: BundleMember;
}

/** The members of a run, oldest first, or models as they come. */
export async function readMembers(
  source: SnapshotStore | readonly ModelArtifacts[],
): Promise<readonly Member[]> {
  const members = isList(source) ? ofArtifacts(source) : await ofStore(source);
  if (members.length > 0) return members;
  throw new ExportError(
    'invalid-option',
    'There are no members to export. Train until the first snapshot is taken.',
  );
}

function isList(
  source: SnapshotStore | readonly ModelArtifacts[],
): source is readonly ModelArtifacts[] {
  return Array.isArray(source);
}

function ofArtifacts(all: readonly ModelArtifacts[]): readonly Member[] {
  return all.map((artifacts, index) => {
    const spec = readTopology(artifacts.modelTopology);
    return {
      spec,
      weights: namedByLayer(readWeights(artifacts), spec),
      description: { id: `member-${index}`, cycle: index, step: 0, metrics: {} },
    };
  });
}

async function ofStore(store: SnapshotStore): Promise<readonly Member[]> {
  const manifest = await store.readManifest();
  if (manifest === undefined)
    throw new ExportError(
      'invalid-option',
      'The store holds no run. Train first, or open another store.',
    );
  const { format, topology } = await store.readModel();
  if (format !== 'tfjs-layers-model')
    throw new ExportError(
      'invalid-topology',
      `The store holds a model of format "${format}"; only "tfjs-layers-model" can be exported.`,
    );
  const spec = readTopology(topology as object);
  const members: Member[] = [];
  for (const { id, cycle, step, metrics } of manifest.members) {
    const tensors: NamedTensor[] = [];
    for await (const tensor of store.readMember(id)) tensors.push(tensor);
    members.push({ spec, weights: weightsOf(tensors), description: { id, cycle, step, metrics } });
  }
  return members;
}
