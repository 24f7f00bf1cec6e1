import type { CyclePlan } from '@snapshot-ensemble/schedules';
import type { CallbackState, Metrics, ModelDescription, Training } from './protocol.ts';
import type { NamedTensor, ReadTensorsOptions, TensorSpec } from './tensor.ts';

/** A member as the manifest names it. */
export interface MemberRecord extends BlobRecord {
  /** Unique for every save, e.g. `step-00001200-9f86d081884c`. */
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
  /** Random id of the run; every blob of the run carries it. */
  readonly run: string;
  /** Ids of the runs that this one was asked to overwrite, and whose blobs are its to remove. */
  readonly overwrote: readonly string[];
  readonly createdAt: string;
  /** Package versions that wrote the run, by name. */
  readonly versions: Readonly<Record<string, string>>;
  /** The model; its topology is a blob of its own, by default `topology.json`. */
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
  /** The plan is a placeholder: any other with as many steps replaces it. Default false. */
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
 * What to do about a run in the store: `refuse` (the default everywhere) throws `StoreError('exists')` where there is
 * one; `resume` continues it if model and plan are the same, and throws `StoreError('nothing-to-resume')` where there
 * is none; `resume-or-start` does either; `overwrite` begins a new one and removes what the old one's manifest lists.
 */
export type ExistingRun = 'refuse' | 'resume' | 'resume-or-start' | 'overwrite';

export interface BeginOptions {
  /** What to do if the store already holds a run. Default `refuse`. */
  readonly existing?: ExistingRun;
  /**
   * What the run is begun for. Callbacks of one training run that begin on the same store object before anything is
   * saved share one run, each with its own handle. A run whose training is over, though nobody closed it, is taken
   * over.
   */
  readonly training?: Training;
  /** An earlier run of the same caller that was never closed; it is closed now, for everyone who shares it. */
  readonly replacing?: Run;
}

/** What a checkpoint holds. */
export interface CheckpointContent {
  /** Tensors as `model.weights` lists them. */
  readonly weights: AsyncIterable<NamedTensor>;
  /** Held in memory while the checkpoint is written. Default none. */
  readonly optimizer?: AsyncIterable<NamedTensor>;
  /** State of the callbacks. Default none. */
  readonly callbacks?: CallbackState;
}

/** The newest checkpoint of a run, as it is read back. */
export interface Checkpoint {
  readonly record: CheckpointRecord;
  readonly weights: () => AsyncIterable<NamedTensor>;
  readonly optimizer: () => AsyncIterable<NamedTensor>;
  readonly callbacks: () => Promise<CallbackState>;
}

/**
 * A run being written, which holds the writer's lock until it is closed. Every save goes to a key of its own and is part
 * of the run once the manifest names it; nothing that the run did not write or list is changed or removed. A writer that
 * was overtaken gets `StoreError('lock-lost')`, one that saves after `close` `StoreError('not-begun')`.
 */
export interface Run extends AsyncDisposable {
  /** The manifest as this run wrote it last. */
  readonly manifest: Manifest;
  /** Saves a member: tensors as `model.weights` lists them. It takes the place of an earlier one of the same step. */
  save(member: MemberDescription, weights: AsyncIterable<NamedTensor>): Promise<MemberRecord>;
  /** Takes a member out of the run; nothing happens if it is not there. */
  remove(id: string): Promise<void>;
  /** Saves what the run can be resumed from; it replaces the previous checkpoint. */
  saveCheckpoint(
    at: { readonly step: number; readonly epoch: number },
    content: CheckpointContent,
  ): Promise<CheckpointRecord>;
  /** Notes that the run reached its last step, and closes it. */
  end(): Promise<void>;
  /** Closes the run, complete or not: the lock is freed once every handle is closed. A second call does nothing. */
  close(): Promise<void>;
}

/** Members and checkpoints of one run, on any `BlobStore`. Every method awaits durability. */
export interface SnapshotStore {
  /** The manifest as it is now, or undefined where no run was begun. Throws `StoreError` if it is damaged. */
  readManifest(): Promise<Manifest | undefined>;
  /** Takes the writer's lock and begins or resumes a run. Close what it returns. */
  begin(description: RunDescription, options?: BeginOptions): Promise<Run>;
  /** The model of the run, topology included. */
  readModel(): Promise<ModelDescription>;
  /** A member's weights, checksum verified before the last tensor is yielded. */
  readMember(id: string, options?: ReadTensorsOptions): AsyncIterable<NamedTensor>;
  /** The newest checkpoint, or undefined where there is none. */
  readCheckpoint(): Promise<Checkpoint | undefined>;
}
