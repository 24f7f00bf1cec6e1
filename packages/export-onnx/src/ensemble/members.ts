import type { BundleMember } from '@snapshot-ensemble/ensemble-bundle';
import type { NamedTensor, SnapshotStore } from '@snapshot-ensemble/snapshot-core';
import { weightsOf } from '../artifacts/weights.ts';
import { buildGraph, layersGraph, type AnyArtifacts } from '../build-model.ts';
import { ExportError } from '../errors.ts';
import { readTopology } from '../keras/topology.ts';
import type { Graph } from '../onnx/model.ts';
import type { Settings } from '../options.ts';

/** A member to be converted, its weights read when they are needed. */
export interface Member {
  readonly description: BundleMember;
  /** Whether reading the weights again costs more than holding on to them. */
  readonly isAtHand: boolean;
  /** Its graph as the converters emit it, before the passes. */
  readonly convert: (settings: Settings, memory?: WeightMemory) => Graph | Promise<Graph>;
}

/** Where weights lie by name, so that those of the next member take the place of one that was let go. */
export type WeightMemory = Map<string, NamedTensor['data']>;

/** Members by position, from 0, or by id. */
type Selection = readonly (number | string)[];

export interface Run {
  readonly members: readonly Member[];
  /** What is known of where the members come from. */
  readonly provenance: Readonly<Record<string, string>>;
}

/** The members of a run, oldest first, or models as they come; of all, those selected. */
export async function readMembers(
  source: SnapshotStore | readonly AnyArtifacts[],
  selection?: Selection,
): Promise<Run> {
  const run = isList(source)
    ? { members: ofArtifacts(source), provenance: {} }
    : await ofStore(source);
  if (run.members.length === 0)
    throw new ExportError(
      'invalid-option',
      'There are no members to export. Train until the first snapshot is taken.',
    );
  return selection === undefined ? run : { ...run, members: selected(run.members, selection) };
}

function selected(all: readonly Member[], selection: Selection): readonly Member[] {
  const picked = selection.map((wanted) => {
    const member =
      typeof wanted === 'number'
        ? all[wanted]
        : all.find(({ description }) => description.id === wanted);
    if (member !== undefined) return member;
    throw new ExportError(
      'invalid-option',
      `There is no member ${JSON.stringify(wanted)}. Give positions 0 … ${all.length - 1}, or ids: ${all.map(({ description }) => description.id).join(', ')}.`,
    );
  });
  if (picked.length > 0 && new Set(picked).size === picked.length) return picked;
  throw new ExportError(
    'invalid-option',
    `members is [${selection.join(', ')}]; name at least one member, and each once.`,
  );
}

function isList(
  source: SnapshotStore | readonly AnyArtifacts[],
): source is readonly AnyArtifacts[] {
  return Array.isArray(source);
}

function ofArtifacts(all: readonly AnyArtifacts[]): readonly Member[] {
  return all.map((artifacts, index) => ({
    isAtHand: true,
    convert: (settings) => buildGraph(artifacts, settings),
    description: { id: `member-${index}`, cycle: index, step: 0, metrics: {} },
  }));
}

async function ofStore(store: SnapshotStore): Promise<Run> {
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
  const members = manifest.members.map(({ id, cycle, step, metrics }): Member => ({
    isAtHand: false,
    description: { id, cycle, step, metrics },
    async convert(settings, memory) {
      const tensors: NamedTensor[] = [];
      for await (const tensor of store.readMember(id, { reuseData: true }))
        tensors.push({ ...tensor, data: kept(tensor, memory) } as NamedTensor);
      return layersGraph(spec, weightsOf(tensors), settings);
    },
  }));
  const versions = Object.entries(manifest.versions).map(([name, version]): [string, string] => [
    `version.${name}`,
    version,
  ]);
  return {
    members,
    provenance: {
      run: manifest.run,
      trainedAt: manifest.createdAt,
      ...Object.fromEntries(versions),
    },
  };
}

/** A copy of a tensor that is good until the next one only. */
function kept({ name, data }: NamedTensor, memory: WeightMemory = new Map()): NamedTensor['data'] {
  const place = memory.get(name);
  if (place?.constructor === data.constructor && place.length === data.length) {
    (place as Float32Array).set(data as Float32Array);
    return place;
  }
  const copy = data.slice();
  memory.set(name, copy);
  return copy;
}
