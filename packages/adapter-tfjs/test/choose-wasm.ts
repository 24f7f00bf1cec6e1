import { setWasmPaths } from '@tensorflow/tfjs-backend-wasm';

(globalThis as { TFJS_BACKEND?: string }).TFJS_BACKEND = 'wasm';
setWasmPaths(
  new URL('../../../node_modules/@tensorflow/tfjs-backend-wasm/wasm-out/', import.meta.url).href,
);
