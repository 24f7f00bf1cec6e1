import type { CyclePlan } from '@snapshot-ensemble/schedules';
import type { Metrics, ModelDescription } from './protocol.ts';
import type { NamedTensor, TensorSpec } from './tensor.ts';

/** A member as the manifest names it. */
export interface MemberRecord {
  /** Unique in the store, e.g. `step-00001200-k3f9`. */
  readonly id: string;
  /** Index of the cycle whose end it is. */
  readonly cycle: number;
  /** Optimizer updates behind these weights. */
  readonly step: number;
  /** Learning rate of the last of those updates. */
  readonly learningRate: number;
  readonly metrics: Metrics;
  /** Key of its safetensors blob. */
  readonly key: string;
  readonly sha256: string;
  readonly bytes: number;
}

/** A checkpoint as the manifest names it: model and optimizer, saved to resume. */
export interface CheckpointRecord {
  readonly step: number;
  readonly epoch: number;
  readonly key: string;
  readonly sha256: string;
  readonly bytes: number;
}

/** One run's table of contents, `manifest.json`. */
export interface Manifest {
  readonly schemaVersion: 1;
  /** Random id of the run; part of every blob's key. */
  readonly run: string;
  readonly createdAt: string;
  /** Package versions that wrote the run, by name. */
  readonly versions: Readonly<Record<string, string>>;
  /** The model, without its topology, which is `topology.json`. */
  readonly model: { readonly format: string; readonly weights: readonly TensorSpec[] };
  readonly plan: CyclePlan;
  /** Learning rate at each cycle's start and last step, for people and plots. */
  readonly schedule: readonly {
    readonly start: number;
    readonly end: number;
    readonly lrMax: number;
    readonly lrEnd: number;
  }[];
  readonly members: readonly MemberRecord[];
  /** The newest checkpoint, or null. */
  readonly checkpoint: CheckpointRecord | null;
  /** Whether the run reached its last step. */
  readonly completed: boolean;
}

/** What a run tells the store before its first step. */
export interface RunDescription {
  readonly model: ModelDescription;
  readonly plan: CyclePlan;
  readonly schedule: Manifest['schedule'];
}

/** What is known about a member when it is saved. */
export interface MemberDescription {
  readonly cycle: number;
  readonly step: number;
  readonly learningRate: number;
  readonly metrics?: Metrics;
}

/**
 * What to do when the store already holds a run: `refuse` (the default everywhere) throws
 * `StoreError('exists')`; `resume` goes on with it if model and plan are the same; `overwrite` removes it.
 */
export type ExistingRun = 'refuse' | 'resume' | 'overwrite';

/** Members and checkpoints of one run, on any `BlobStore`. Every method awaits durability. */
export interface SnapshotStore {
  /** The manifest as it is now, or undefined where no run was begun. Throws `StoreError` if it is damaged. */
  readManifest(): Promise<Manifest | undefined>;
  /** Takes the writer's lock and begins or resumes a run. */
  begin(run: RunDescription, existing?: ExistingRun): Promise<Manifest>;
  saveMember(member: MemberDescription, weights: AsyncIterable<NamedTensor>): Promise<MemberRecord>;
  saveCheckpoint(
    at: { readonly step: number; readonly epoch: number },
    weights: AsyncIterable<NamedTensor>,
    optimizer: AsyncIterable<NamedTensor>,
  ): Promise<CheckpointRecord>;
  /** Marks the run as complete (or not) and releases the lock. */
  end(completed: boolean): Promise<void>;
  /** The model of the run, topology included. */
  readModel(): Promise<ModelDescription>;
  /** A member's weights, checksum verified before the last tensor is yielded. */
  readMember(id: string): AsyncIterable<NamedTensor>;
  readCheckpoint(): Promise<
    | {
        readonly record: CheckpointRecord;
        readonly weights: () => AsyncIterable<NamedTensor>;
        readonly optimizer: () => AsyncIterable<NamedTensor>;
      }
    | undefined
  >;
}
