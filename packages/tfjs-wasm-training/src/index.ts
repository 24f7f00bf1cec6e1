export { TrainingKernelsError } from './errors.ts';
export type { TrainingKernelsErrorCode } from './errors.ts';
export type { TensorFlow } from './kernel.ts';
export { registerTrainingKernels } from './register.ts';
export type { WasmBackendModule } from './register.ts';
