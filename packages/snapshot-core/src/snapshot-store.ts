import type { CyclePlan } from '@snapshot-ensemble/schedules';
import type { Metrics, ModelDescription } from './protocol.ts';
import type { NamedTensor, ReadTensorsOptions, TensorSpec } from './tensor.ts';

/** A member as the manifest names it. */
export interface MemberRecord extends BlobRecord {
  /** Unique in the store, e.g. `step-00001200-k3f9`. */
  readonly id: string;
  /** Index of the cycle whose end it is. */
  readonly cycle: number;
  /** Optimizer updates behind these weights. */
  readonly step: number;
  /** Learning rate of the last of those updates; NaN where it is not known. */
  readonly learningRate: number;
  readonly metrics: Metrics;
}

/** A checkpoint as the manifest names it: model and optimizer, saved to resume. */
export interface CheckpointRecord extends BlobRecord {
  readonly step: number;
  readonly epoch: number;
}

/** A blob that the manifest names and vouches for. */
export interface BlobRecord {
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
  /** The model; its topology is a blob of its own, `topology.json`. */
  readonly model: { readonly format: string; readonly weights: readonly TensorSpec[] };
  readonly topology: BlobRecord;
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
  /** The plan only fills the place: it gives way to any other of as many steps. Default false. */
  readonly isPlanProvisional?: boolean;
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
  /**
   * Takes the writer's lock and begins or resumes a run. Several callbacks may share one store and one run:
   * each begins it under its own name, in any order, and the lock is released when the last has ended. The
   * same name beginning again starts anew, for the training before it must have failed.
   */
  begin(run: RunDescription, existing?: ExistingRun, user?: string): Promise<Manifest>;
  /** Tensors as `model.weights` lists them. A member of the same step takes the place of an earlier one. */
  saveMember(member: MemberDescription, weights: AsyncIterable<NamedTensor>): Promise<MemberRecord>;
  /** Takes a member out of the run; nothing happens if it is not there. */
  removeMember(id: string): Promise<void>;
  saveCheckpoint(
    at: { readonly step: number; readonly epoch: number },
    weights: AsyncIterable<NamedTensor>,
    optimizer: AsyncIterable<NamedTensor>,
  ): Promise<CheckpointRecord>;
  /** Marks the run as complete (or not) and, once all who began it have ended, releases the lock. */
  end(completed: boolean, user?: string): Promise<void>;
  /** The model of the run, topology included. */
  readModel(): Promise<ModelDescription>;
  /** A member's weights, checksum verified before the last tensor is yielded. */
  readMember(id: string, options?: ReadTensorsOptions): AsyncIterable<NamedTensor>;
  readCheckpoint(): Promise<
    | {
        readonly record: CheckpointRecord;
        readonly weights: () => AsyncIterable<NamedTensor>;
        readonly optimizer: () => AsyncIterable<NamedTensor>;
      }
    | undefined
  >;
}
