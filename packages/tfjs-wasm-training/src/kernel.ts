import type * as tfjs from '@tensorflow/tfjs-core';
import type { GradConfig, KernelConfig, TensorInfo } from '@tensorflow/tfjs-core';
import type { WasmBackend } from './backend.ts';
import type { Native } from './native.ts';

/**
 * The part of TensorFlow.js that is used: `import * as tf` of `@tensorflow/tfjs` or of `@tensorflow/tfjs-core` fits.
 */
export interface TensorFlow extends Pick<
  typeof tfjs,
  | 'add'
  | 'backend_util'
  | 'div'
  | 'engine'
  | 'getBackend'
  | 'mul'
  | 'registerGradient'
  | 'registerKernel'
  | 'reshape'
  | 'rsqrt'
  | 'split'
  | 'squeeze'
  | 'sub'
  | 'sum'
  | 'unregisterKernel'
  | 'util'
> {
  readonly version_core: string;
  /** Its published type leaves out that it returns undefined for an unknown name. */
  readonly getKernel: (kernelName: string, backendName: string) => KernelConfig | undefined;
  /** As above. */
  readonly getGradient: (kernelName: string) => GradConfig | undefined;
}

/** What kernels note about a call for the gradient that is recorded after it, by the data of their output. */
export type KernelNotes = WeakMap<object, object>;

/** One call of a kernel, with all that it may use. */
export interface KernelCall<Inputs, Attributes> {
  readonly tf: TensorFlow;
  readonly backend: WasmBackend;
  readonly native: Native;
  readonly inputs: Inputs;
  readonly attributes: Attributes;
  readonly notes: KernelNotes;
  /** Runs a kernel of the backend. */
  readonly run: (kernelName: string, inputs: object, attributes: object) => TensorInfo;
  /** Runs the published kernel that this one stands in for. */
  readonly published: (inputs: object, attributes: object) => TensorInfo;
}

/** A kernel: reads its inputs in place, returns new tensors. */
export type Kernel<Inputs = never, Attributes = never, Output = TensorInfo | TensorInfo[]> = (
  call: KernelCall<Inputs, Attributes>,
) => Output;

/** Kernels by their TensorFlow.js names. */
export type Kernels = Readonly<Record<string, Kernel>>;
