import type { KnownOptions } from '@snapshot-ensemble/options';
import { ExportError } from './errors.ts';
import { layerConverters } from './layers/index.ts';
import type { LayerConverters } from './layers/layer.ts';

export interface ExportOptions {
  /** Version of the ONNX operators, 17 … 21. Default 17, the newest that KServe's default Triton runs. */
  readonly opset?: number;
  /** Converters by class name, `{ ...layerConverters, Mine }`. Default those of this package. */
  readonly converters?: LayerConverters;
  /** `nchw` declares inputs of rank 4 and 5 as `[batch, channels, …]`. Default `nhwc`, as in tfjs. */
  readonly inputLayout?: 'nhwc' | 'nchw';
  /**
   * Gives every stateful layer inputs and outputs for its state: feed `<layer>_state_out` of one run as `<layer>_state_in` of
   * the next, zeros at first (numbered where a layer has several). Default false: every run starts with zeros, as a model does
   * after `resetStates()`.
   */
  readonly exposeStates?: boolean;
  /**
   * Of a graph model: ends it at these nodes (`node`, or `node:1` for another output), whose values are the outputs then. What
   * comes after them need not be exportable. Default the whole model.
   */
  readonly cutAt?: readonly string[];
  /** Of a graph model: shapes of inputs by name, where the model leaves them open; -1 for a dimension that only the run knows. */
  readonly inputShapes?: Readonly<Record<string, readonly number[]>>;
  /** Names of graph inputs by name of the model's input. Default the latter, without tfjs's class suffix. */
  readonly inputNames?: Readonly<Record<string, string>>;
  /** Names of graph outputs by name of the model's output layer. Default the latter, without tfjs's class suffix. */
  readonly outputNames?: Readonly<Record<string, string>>;
  /** Written into the file as key and value. */
  readonly metadata?: Readonly<Record<string, string>>;
}

/** Every option of `exportOnnx`. */
export const knownExportOptions: KnownOptions<ExportOptions> = {
  ...{ opset: true, converters: true, inputLayout: true, exposeStates: true },
  ...{ cutAt: true, inputShapes: true, inputNames: true, outputNames: true, metadata: true },
};

export type Settings = Required<
  Pick<ExportOptions, 'opset' | 'converters' | 'inputLayout' | 'exposeStates' | 'metadata'>
> &
  Pick<ExportOptions, 'inputNames' | 'outputNames' | 'cutAt' | 'inputShapes'>;

const [OLDEST, NEWEST] = [17, 21];

export function settingsOf(options: ExportOptions): Settings {
  const opset = options.opset ?? OLDEST;
  if (!Number.isInteger(opset) || opset < OLDEST || opset > NEWEST)
    throw new ExportError(
      'invalid-option',
      `opset is ${opset}; this package writes ${OLDEST} … ${NEWEST}.`,
    );
  return {
    ...options,
    opset,
    converters: options.converters ?? layerConverters,
    inputLayout: options.inputLayout ?? 'nhwc',
    exposeStates: options.exposeStates ?? false,
    metadata: options.metadata ?? {},
  };
}

/** IR version that came with an opset: https://github.com/onnx/onnx/blob/main/docs/Versioning.md */
export function irVersionOf(opset: number): number {
  if (opset <= 18) return 8;
  return opset <= 20 ? 9 : 10;
}
