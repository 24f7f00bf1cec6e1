import type {
  KernelFunc,
  NamedAttrMap,
  NamedTensorInfoMap,
  TensorInfo,
} from '@tensorflow/tfjs-core';
import type { WasmBackend } from './backend.ts';
import { TrainingKernelsError } from './errors.ts';
import type { Kernel, KernelCall, TensorFlow } from './kernel.ts';
import { kernels } from './kernels/index.ts';
import { instantiate, type Native } from './native.ts';

/** The module `@tensorflow/tfjs-backend-wasm`: importing it is what makes the backend known to TensorFlow.js. */
export interface WasmBackendModule {
  readonly version_wasm: string;
}

const supportedVersion = '4.22.';

/**
 * Gives the WASM backend of TensorFlow.js 4.22 the gradient kernels that it lacks, and better ones for those that it has wrong or slow.
 * Call it once after importing both modules, before or after `tf.setBackend('wasm')`; again changes nothing. Nothing else is touched.
 * Throws `TrainingKernelsError` with code `version` for another TensorFlow.js.
 */
export function registerTrainingKernels(tf: TensorFlow, wasmBackend: WasmBackendModule): void {
  requireVersion('@tensorflow/tfjs-core', tf.version_core);
  requireVersion('@tensorflow/tfjs-backend-wasm', wasmBackend.version_wasm);
  const natives = new WeakMap<object, Native>();
  const nativeOf = (backend: WasmBackend): Native => {
    const known = natives.get(backend.wasm);
    if (known !== undefined) return known;
    const native = instantiate(backend.wasm);
    natives.set(backend.wasm, native);
    return native;
  };
  for (const [kernelName, kernel] of Object.entries(kernels)) {
    // Registering over a known name logs a warning.
    if (tf.getKernel(kernelName, 'wasm') !== undefined) tf.unregisterKernel(kernelName, 'wasm');
    tf.registerKernel({
      kernelName,
      backendName: 'wasm',
      kernelFunc: kernelFunction(tf, kernel, nativeOf),
    });
  }
}

function kernelFunction(
  tf: TensorFlow,
  kernel: Kernel,
  nativeOf: (backend: WasmBackend) => Native,
): KernelFunc {
  return ({ inputs, attrs, backend }) => {
    const wasm = backend as WasmBackend;
    const call: KernelCall<unknown, unknown> = {
      tf,
      backend: wasm,
      native: nativeOf(wasm),
      inputs,
      attributes: attrs,
      run: (name, ofInputs, attributes) => runKernel(tf, wasm, name, ofInputs, attributes),
    };
    return kernel(call as KernelCall<never, never>);
  };
}

function runKernel(
  tf: TensorFlow,
  backend: WasmBackend,
  name: string,
  inputs: object,
  attributes: object,
): TensorInfo {
  const kernel = tf.getKernel(name, 'wasm');
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
