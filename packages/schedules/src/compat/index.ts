export type { Restarts } from './geometric.ts';
export {
  kerasCosineDecay,
  kerasCosineDecayRestarts,
  type KerasCosineDecayOptions,
  type KerasCosineDecayRestartsOptions,
} from './keras.ts';
export { optaxSgdr, optaxWarmupCosine, type OptaxWarmupCosineOptions } from './optax.ts';
export {
  snapshotEnsemblePython,
  snapshotEnsemblePythonVisualizeLR,
  type SnapshotEnsemblePythonOptions,
  type SnapshotEnsemblePythonVisualizeLROptions,
} from './snapshot-ensemble-python.ts';
export { timmCosine, type TimmCosineOptions } from './timm.ts';
export {
  torchCosineAnnealingLR,
  torchCosineAnnealingWarmRestarts,
  type TorchCosineAnnealingLROptions,
  type TorchCosineAnnealingWarmRestartsOptions,
} from './torch-cosine.ts';
export { torchCyclicLR, type TorchCyclicLROptions } from './torch-cyclic-lr.ts';
export { torchOneCycleLR, type TorchOneCycleLROptions } from './torch-one-cycle-lr.ts';
export { torchSWALR, type TorchSWALROptions } from './torch-swalr.ts';
export {
  huggingFaceCosineWithHardRestarts,
  type HuggingFaceCosineWithHardRestartsOptions,
} from './hugging-face.ts';
