export { TfjsAdapterError, type TfjsAdapterErrorCode } from './errors.ts';
export type { InputBatches } from './batch-norm.ts';
export type { EnsembleEvaluation } from './evaluate.ts';
export {
  type EvaluateMembersOptions,
  type LoadedMember,
  type LoadedMembers,
  loadMembers,
  type PredictMembersOptions,
} from './load-members.ts';
export type { AnswerNames, HostRows } from './host-answers.ts';
export type { MemberOutputs } from './member-model.ts';
export { type AnyStore, memberArtifacts, memberIOHandler } from './member-artifacts.ts';
export type { ReadOutput } from './output-kind.ts';
export type { LoadMembersOptions, MemberSelection } from './select-members.ts';
export { modelArtifacts } from './model-artifacts.ts';
export {
  type EqualCyclesPlan,
  type GrowingCyclesPlan,
  type OwnPlan,
  type PlannedRun,
  type PlanOptions,
  pythonDefaults,
} from './plan-options.ts';
export type { RunExtent } from './protocol-run.ts';
export {
  type EnsembleOptions,
  snapshotEnsembleCallback,
  type SnapshotEnsembleOptions,
} from './snapshot-ensemble-callback.ts';
export type { Inputs, LayersModel, Optimizer, Tensor, Tf, TfjsCallback } from './tf.ts';
export { type PlainCallback, tfjsCallbacks, type TfjsCallbacks } from './tfjs-callbacks.ts';
export { toTfjsCallback, type ToTfjsCallbackOptions } from './to-tfjs-callback.ts';
export {
  type StepOutcome,
  type TrainedPart,
  trainSteps,
  type TrainStepsOptions,
  type TrainStepsResult,
} from './train-steps.ts';
export { type TfjsTrainer, tfjsTrainer, type TfjsTrainerOptions } from './trainer.ts';
export { resumeEpoch } from './fit-checkpoints.ts';
export {
  generateSnapshotCallbacks,
  type GenerateSnapshotCallbacksOptions,
} from './generate-snapshot-callbacks.ts';
export {
  keepBest,
  type KeepBestOptions,
  langevinNoise,
  type LangevinNoiseOptions,
} from '@snapshot-ensemble/snapshot-core';
