export type { ModelArtifacts, WeightSpec } from './artifacts.ts';
export type {
  BlobInfo,
  BlobStore,
  BlobWritten,
  ByteRange,
  ReadOptions,
  Version,
  WriteCondition,
} from './blob-store.ts';
export { memoryBlobs } from './blobs/memory.ts';
export { chain } from './chain.ts';
export type { Holder, HolderIdentity } from './platform/platform.ts';
export {
  averageWeights,
  type AverageWeightsOptions,
  type EqualAverage,
  type ExponentialAverage,
} from './plugins/average-weights.ts';
export { followSchedule } from './plugins/follow-schedule.ts';
export { greedySoup, type GreedySoup, type GreedySoupOptions } from './plugins/greedy-soup.ts';
export { keepBest, type KeepBestOptions } from './plugins/keep-best.ts';
export type { KeepBestMembers, KeepLast, KeepMembers } from './plugins/keep-members.ts';
export { langevinNoise, type LangevinNoiseOptions } from './plugins/langevin-noise.ts';
export type { LearningRateRange, RangePoint } from './plugins/learning-rate-range.ts';
export {
  learningRateRangeTest,
  type LearningRateRangeTestOptions,
} from './plugins/learning-rate-range-test.ts';
export { isBetter, modeOf, type JudgedMetric, type MetricMode } from './plugins/metric.ts';
export {
  reportProgress,
  type ProgressReport,
  type ReportProgressOptions,
} from './plugins/report-progress.ts';
export {
  resumeStep,
  saveCheckpoints,
  type SaveCheckpointsOptions,
} from './plugins/save-checkpoints.ts';
export {
  cycleEnds,
  everySteps,
  lastEpochs,
  type SnapshotPoints,
} from './plugins/snapshot-points.ts';
export { stopEarly, type StopEarlyOptions } from './plugins/stop-early.ts';
export { takeSnapshots, type TakeSnapshotsOptions } from './plugins/take-snapshots.ts';
export type {
  Awaitable,
  CallbackState,
  EpochResult,
  Json,
  Metrics,
  ModelDescription,
  Progress,
  StepResult,
  TrainBegin,
  Trainer,
  Training,
  TrainingCallback,
  TrainOutcome,
  TrainResult,
} from './protocol.ts';
export { runTraining, type RunTrainingOptions, type SteppedTrainer } from './run-training.ts';
export {
  decodeSafetensors,
  decodeSafetensorsStream,
  type SafetensorsFile,
} from './safetensors/read.ts';
export { encodeSafetensors, streamSafetensors } from './safetensors/write.ts';
export type {
  BeginOptions,
  BlobRecord,
  Checkpoint,
  CheckpointContent,
  CheckpointRecord,
  ExistingRun,
  Manifest,
  MemberDescription,
  MemberRecord,
  Run,
  RunDescription,
  SnapshotStore,
} from './snapshot-store.ts';
export {
  createSnapshotStore,
  type CreateSnapshotStoreOptions,
} from './store/create-snapshot-store.ts';
export { collect, type Collected, type CollectOptions } from './store/collect.ts';
export { openSweep } from './store/sweep.ts';
export { breakLock } from './store/lock.ts';
export { repair, type Repair, type RepairOptions } from './store/repair.ts';
export { verify, type StoreFault, type StoreVerification } from './store/verify.ts';
export { StoreError, type StoreErrorCode, type StoreErrorOptions } from './store-error.ts';
export type {
  DType,
  NamedTensor,
  ReadTensorsOptions,
  TensorArrays,
  TensorSpec,
  Weights,
} from './tensor.ts';
