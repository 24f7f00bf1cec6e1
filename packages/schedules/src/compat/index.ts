export { kerasCosineDecay, kerasCosineDecayRestarts } from './keras.ts';
export { optaxSgdr, optaxWarmupCosine } from './optax.ts';
export {
  snapshotEnsemblePython,
  snapshotEnsemblePythonVisualizeLR,
} from './snapshot-ensemble-python.ts';
export { timmCosine } from './timm.ts';
export { torchCosineAnnealingLR, torchCosineAnnealingWarmRestarts } from './torch-cosine.ts';
export { torchCyclicLR } from './torch-cyclic-lr.ts';
export { torchOneCycleLR } from './torch-one-cycle-lr.ts';
export { torchSWALR } from './torch-swalr.ts';
export { huggingFaceCosineWithHardRestarts } from './hugging-face.ts';
