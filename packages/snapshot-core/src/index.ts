export type { ModelArtifacts, WeightSpec } from './artifacts.ts';
export type {
  BlobInfo,
  BlobStore,
  BlobWritten,
  ByteRange,
  Version,
  WriteCondition,
} from './blob-store.ts';
export type {
  Awaitable,
  EpochResult,
  Metrics,
  ModelDescription,
  Progress,
  StepResult,
  Trainer,
  TrainingCallback,
  TrainResult,
} from './protocol.ts';
export type {
  CheckpointRecord,
  ExistingRun,
  Manifest,
  MemberDescription,
  MemberRecord,
  RunDescription,
  SnapshotStore,
} from './snapshot-store.ts';
export type { DType, NamedTensor, TensorArrays, TensorSpec, Weights } from './tensor.ts';
