import type { BackendModule } from './backend.ts';
import { TrainingKernelsError } from './errors.ts';
import { memoryFlagsOffset, nativeModule } from './native-module.ts';

/** A function of the native module: addresses and sizes in. */
export type Procedure = (...numbers: readonly number[]) => void;

/** A function of the native module that says how many bytes of scratch another needs. */
export type Measure = (geometry: number) => number;

/** The exports of `native/index.ts`. */
export interface Native {
  readonly affine: Procedure;
  readonly averagePoolGradient: Procedure;
  readonly batchNormSums: Procedure;
  readonly convFilterGradient: Procedure;
  readonly convInputGradient: Procedure;
  readonly depthwiseFilterGradient: Procedure;
  readonly depthwiseInputGradient: Procedure;
  readonly dilation: Procedure;
  readonly dilationFilterGradient: Procedure;
  readonly dilationInputGradient: Procedure;
  readonly flipFilter: Procedure;
  readonly gather: Procedure;
  readonly matMul: Procedure;
  readonly maxPool: Procedure;
  readonly maxPoolGradient: Procedure;
  readonly reluGradient: Procedure;
  readonly repeat: Procedure;
  readonly resizeBilinearGradient: Procedure;
  readonly resizeNearestGradient: Procedure;
  readonly segmentSum: Procedure;
  readonly spread: Procedure;
  readonly squareGradient: Procedure;
  readonly sum: Procedure;
  readonly convFilterGradientScratch: Measure;
  readonly convInputGradientScratch: Measure;
  readonly depthwiseScratch: Measure;
  readonly matMulScratch: (rows: number, shared: number, columns: number) => number;
}

const unsharedMemoryWithMaximum = 1;

/** The memory of a backend: shared where the backend runs threads. */
export function memoryOf(module: BackendModule): WebAssembly.Memory {
  const memory = module.wasmMemory ?? module.asm?.memory;
  if (memory !== undefined) return memory;
  throw new TrainingKernelsError(
    'backend',
    'The WASM backend does not show its memory (neither wasm.wasmMemory nor wasm.asm.memory). Use TensorFlow.js 4.22.',
  );
}

/** Instantiates the native module on the memory of a backend, so that it works in place on the backend's tensors. */
export function instantiate(module: BackendModule): Native {
  const memory = memoryOf(module);
  const bytes = Uint8Array.from(atob(nativeModule), (character) => character.charCodeAt(0));
  if (!isShared(memory)) bytes[memoryFlagsOffset] = unsharedMemoryWithMaximum;
  const instance = new WebAssembly.Instance(new WebAssembly.Module(bytes), { env: { memory } });
  return instance.exports as unknown as Native;
}

function isShared(memory: WebAssembly.Memory): boolean {
  return Object.prototype.toString.call(memory.buffer) === '[object SharedArrayBuffer]';
}
