import { TrainingKernelsError } from './errors.ts';
import type { BackendModule } from './backend.ts';
import { memoryFlagsOffset, nativeModule } from './native-module.ts';

/** A function of the native module: addresses and sizes in, nothing out. */
type Procedure = (...numbers: readonly number[]) => void;

/** The exports of `native/index.ts`. */
export interface Native {
  readonly convFilterGradient: Procedure;
  readonly convFilterGradientScratch: (...numbers: readonly number[]) => number;
  readonly flipFilter: Procedure;
  readonly maxPoolGradient: Procedure;
  readonly spreadGradient: Procedure;
}

const unsharedMemoryWithMaximum = 1;

/** Instantiates the native module on the memory of a backend, so that it works in place on the backend's tensors. */
export function instantiate(module: BackendModule): Native {
  const memory = module.wasmMemory ?? module.asm?.memory;
  if (memory === undefined)
    throw new TrainingKernelsError(
      'backend',
      'The WASM backend does not show its memory (neither wasm.wasmMemory nor wasm.asm.memory). Use TensorFlow.js 4.22.',
    );
  const bytes = Uint8Array.from(atob(nativeModule), (character) => character.charCodeAt(0));
  if (!isShared(memory)) bytes[memoryFlagsOffset] = unsharedMemoryWithMaximum;
  const instance = new WebAssembly.Instance(new WebAssembly.Module(bytes), { env: { memory } });
  return instance.exports as unknown as Native;
}

function isShared(memory: WebAssembly.Memory): boolean {
  return Object.prototype.toString.call(memory.buffer) === '[object SharedArrayBuffer]';
}
