import type { DataType, TensorInfo } from '@tensorflow/tfjs-core';
import { TrainingKernelsError } from './errors.ts';

/** What the kernels use of the Emscripten module inside the WASM backend. */
export interface BackendModule {
  readonly _malloc: (bytes: number) => number;
  readonly _free: (address: number) => void;
  /** The threaded build keeps its memory here… */
  readonly wasmMemory?: WebAssembly.Memory;
  /** …the plain build exports it. */
  readonly asm?: { readonly memory?: WebAssembly.Memory };
}

/** What the kernels use of the WASM backend of TensorFlow.js 4.22. */
export interface WasmBackend {
  readonly wasm: BackendModule;
  readonly dataIdMap: { get: (dataId: object) => { readonly memoryOffset: number } };
  readonly makeOutput: (shape: readonly number[], dtype: DataType) => TensorInfo;
  readonly disposeData: (dataId: object) => boolean;
  readonly incRef: (dataId: object) => void;
}

/** Address of a tensor's first byte in the backend's memory. */
export function address(backend: WasmBackend, tensor: TensorInfo): number {
  return backend.dataIdMap.get(tensor.dataId).memoryOffset;
}

/** Calls `use` with the address of `bytes` bytes of the backend's memory, and gives them back after it. */
export function withScratch<T>(
  backend: WasmBackend,
  bytes: number,
  use: (address: number) => T,
): T {
  // Above 2 GB the allocator's signed result is negative.
  const scratch = backend.wasm._malloc(bytes) >>> 0;
  if (scratch === 0 && bytes > 0)
    throw new TrainingKernelsError(
      'backend',
      `The WASM backend has no room for ${bytes} bytes of scratch memory. Use a smaller batch.`,
    );
  try {
    return use(scratch);
  } finally {
    backend.wasm._free(scratch);
  }
}
