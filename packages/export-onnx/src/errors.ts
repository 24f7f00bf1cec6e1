import { checkOptions, type KnownOptions } from '@snapshot-ensemble/options';

/**
 * Why an export was refused: `unsupported-model` (layers or options that have no ONNX counterpart, listed),
 * `invalid-topology` (the model JSON contradicts itself), `invalid-weights` (missing, or not of the shape the layer
 * needs), `invalid-option`, `invalid-policy`, `different-members` (members of an ensemble do not share inputs and
 * outputs), `too-large` (above what one file may hold), `invalid-onnx` (bytes that are not an ONNX model), `parity`
 * (the graph does not compute what the model does).
 */
export type ExportErrorCode =
  | 'unsupported-model'
  | 'invalid-topology'
  | 'invalid-weights'
  | 'invalid-option'
  | 'invalid-policy'
  | 'different-members'
  | 'too-large'
  | 'invalid-onnx'
  | 'parity';

/** One layer that cannot be exported. */
export interface UnsupportedLayer {
  /** Names from the model down to the layer, joined by `/`. */
  readonly path: string;
  readonly className: string;
  readonly reason: string;
  readonly remedy: string;
}

/** An export that was refused; branch on `code`. */
export class ExportError extends Error {
  override readonly name = 'ExportError';
  readonly code: ExportErrorCode;
  /** For `unsupported-model`: every offending layer. */
  readonly layers: readonly UnsupportedLayer[];

  constructor(
    code: ExportErrorCode,
    message: string,
    details: { readonly layers?: readonly UnsupportedLayer[]; readonly cause?: unknown } = {},
  ) {
    super(message, details.cause === undefined ? {} : { cause: details.cause });
    this.code = code;
    this.layers = details.layers ?? [];
  }
}

/** Refuses option keys that do not exist, with the nearest that does. Throws `ExportError('invalid-option')`. */
export function refuseUnknown<T extends object>(
  where: string,
  options: T | undefined,
  known: KnownOptions<T>,
): void {
  try {
    checkOptions(where, options, known);
  } catch (cause) {
    throw new ExportError('invalid-option', (cause as RangeError).message, { cause });
  }
}
