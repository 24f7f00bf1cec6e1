import type {
  KernelConfig,
  KernelFunc,
  NamedAttrMap,
  NamedTensorInfoMap,
  TensorInfo,
} from '@tensorflow/tfjs-core';
import type { WasmBackend } from './backend.ts';
import { TrainingKernelsError } from './errors.ts';
import { registerFastGradients } from './fast-gradients.ts';
import { registerMissingGradients } from './gradients.ts';
import type { Kernel, KernelCall, KernelNotes, TensorFlow } from './kernel.ts';
import { kernels } from './kernels/index.ts';
import { instantiate, requireSimd, type Native } from './native.ts';
import { ofBatchNorm } from './records/batch-norm.ts';
import { rewriteRecords } from './records/engine.ts';
import { ofConvolution, ofProduct } from './records/fused.ts';

/** The module `@tensorflow/tfjs-backend-wasm`: importing it is what makes the backend known to TensorFlow.js. */
export interface WasmBackendModule {
  readonly version_wasm: string;
}

const supportedVersion = '4.22.';

/** On each of our kernel functions, so that a second registration, even by another copy of this package, sees the first. */
const ours = Symbol.for('@snapshot-ensemble/tfjs-wasm-training');

/**
 * Gives the WASM backend of TensorFlow.js 4.22 the gradient kernels that it lacks, and better ones for those that it has wrong or slow.
 * Call it once after importing both modules, before or after `tf.setBackend('wasm')`; a second call changes nothing. Only
 * kernels of the WASM backend, gradients for it, and gradients that TensorFlow.js lacks are registered; what other backends compute and
 * record stays as it is.
 * Throws `TrainingKernelsError` with code `version` for another TensorFlow.js, with code `simd` where the engine has no WebAssembly SIMD.
 */
export function registerTrainingKernels(tf: TensorFlow, wasmBackend: WasmBackendModule): void {
  requireVersion('@tensorflow/tfjs-core', tf.version_core);
  requireVersion('@tensorflow/tfjs-backend-wasm', wasmBackend.version_wasm);
  const [anyKernel] = Object.keys(kernels);
  const registered = tf.getKernel(anyKernel!, 'wasm');
  if (registered !== undefined && ours in registered.kernelFunc) return;
  requireSimd();

  const nativeOf = nativePerBackend();
  const notes: KernelNotes = new WeakMap();
  for (const [kernelName, kernel] of Object.entries(kernels)) {
    const published = tf.getKernel(kernelName, 'wasm');
    // Registering over a known name logs a warning.
    if (published !== undefined) tf.unregisterKernel(kernelName, 'wasm');
    const kernelFunc = kernelFunction(tf, kernel, nativeOf, notes, published);
    // The published set-up stays: the backend may not have started, and some kernels fall back to theirs.
    tf.registerKernel({ ...published, kernelName, backendName: 'wasm', kernelFunc });
  }
  registerMissingGradients(tf);
  registerFastGradients(tf);
  rewriteRecords(tf, {
    fusedConv2d__op: ofConvolution(tf, notes),
    fusedMatMul__op: ofProduct(tf, notes),
    FusedBatchNorm: ofBatchNorm(tf, notes),
  });
}

/** One instance of the native module for each backend, made when first needed and kept as long as the backend. */
function nativePerBackend(): (backend: WasmBackend) => Native {
  const natives = new WeakMap<object, Native>();
  return (backend) => {
    const known = natives.get(backend.wasm);
    if (known !== undefined) return known;
    const native = instantiate(backend.wasm);
    natives.set(backend.wasm, native);
    return native;
  };
}

function kernelFunction(
  tf: TensorFlow,
  kernel: Kernel,
  nativeOf: (backend: WasmBackend) => Native,
  notes: KernelNotes,
  published: KernelConfig | undefined,
): KernelFunc {
  const kernelFunc: KernelFunc = ({ inputs, attrs, backend }) => {
    const wasm = backend as WasmBackend;
    const call: KernelCall<unknown, unknown> = {
      tf,
      backend: wasm,
      native: nativeOf(wasm),
      inputs,
      attributes: attrs,
      notes,
      run: (name, ofInputs, attributes) =>
        runKernel(tf.getKernel(name, 'wasm'), name, wasm, ofInputs, attributes),
      published: (ofInputs, attributes) =>
        runKernel(published, 'of this name', wasm, ofInputs, attributes),
    };
    return kernel(call as KernelCall<never, never>);
  };
  return Object.assign(kernelFunc, { [ours]: true });
}

function runKernel(
  kernel: KernelConfig | undefined,
  name: string,
  backend: WasmBackend,
  inputs: object,
  attributes: object,
): TensorInfo {
  if (kernel === undefined)
    throw new TrainingKernelsError(
      'backend',
      `The WASM backend has no kernel ${name}. Import @tensorflow/tfjs-backend-wasm@4.22 of the same TensorFlow.js.`,
    );
  return kernel.kernelFunc({
    inputs: inputs as NamedTensorInfoMap,
    attrs: attributes as NamedAttrMap,
    backend,
  }) as TensorInfo;
}

function requireVersion(name: string, version: string): void {
  if (version.startsWith(supportedVersion)) return;
  throw new TrainingKernelsError(
    'version',
    `registerTrainingKernels works in place on the memory of TensorFlow.js 4.22, but ${name} is ${version}. Install ${name}@4.22.`,
  );
}
