/** What went wrong: `version` another TensorFlow.js than 4.22, `backend` a WASM backend without what the kernels need, `simd` an engine without WebAssembly SIMD. */
export type TrainingKernelsErrorCode = 'version' | 'backend' | 'simd';

/** Thrown by `registerTrainingKernels` and by its kernels; branch on `code`. */
export class TrainingKernelsError extends Error {
  readonly code: TrainingKernelsErrorCode;

  constructor(code: TrainingKernelsErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'TrainingKernelsError';
    this.code = code;
  }
}
