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
  readonly batchNormGradient: Procedure;
  readonly batchNormSums: Procedure;
  readonly clipGradient: Procedure;
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
  readonly thinProduct: Procedure;
  readonly winograd: Procedure;
  readonly winogradFilterGradient: Procedure;
  readonly convFilterGradientScratch: Measure;
  readonly convInputGradientScratch: Measure;
  readonly depthwiseScratch: Measure;
  readonly winogradScratch: Measure;
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

/**
 * Says so where the engine cannot run the native module: it needs SIMD instructions of the engine, though not of the backend.
 * Throws `TrainingKernelsError` with code `simd`.
 */
export function requireSimd(): void {
  if (WebAssembly.validate(binary(false))) return;
  throw new TrainingKernelsError(
    'simd',
    'registerTrainingKernels needs WebAssembly SIMD, which this JavaScript engine does not have. Use Chrome 91, Firefox 89, Safari 16.4, Node 16.4 or newer, or the cpu backend.',
  );
}

/** Instantiates the native module on the memory of a backend, so that it works in place on the backend's tensors. */
export function instantiate(module: BackendModule): Native {
  const memory = memoryOf(module);
  const compiled = new WebAssembly.Module(binary(isShared(memory)));
  const instance = new WebAssembly.Instance(compiled, { env: { memory } });
  return instance.exports as unknown as Native;
}

/** The native module, for a shared memory or for an unshared one. */
function binary(forSharedMemory: boolean): Uint8Array<ArrayBuffer> {
  const bytes = Uint8Array.from(atob(nativeModule), (character) => character.charCodeAt(0));
  if (!forSharedMemory) bytes[memoryFlagsOffset] = unsharedMemoryWithMaximum;
  return bytes;
}

function isShared(memory: WebAssembly.Memory): boolean {
  return Object.prototype.toString.call(memory.buffer) === '[object SharedArrayBuffer]';
}
