import * as v from 'valibot';
import { BundleError } from './errors.ts';
import type { BundleDType } from './manifest.ts';

export const SMOKE_REQUEST_PATH = 'smoke/request.json';
export const SMOKE_EXPECTED_PATH = 'smoke/expected.json';

/** Names of dtypes in the Open Inference Protocol v2. */
export const openInferenceDatatypes: Readonly<Record<BundleDType, OpenInferenceDatatype>> = {
  float32: 'FP32',
  float16: 'FP16',
  int32: 'INT32',
  int64: 'INT64',
  uint8: 'UINT8',
  bool: 'BOOL',
};

export type OpenInferenceDatatype = 'FP32' | 'FP16' | 'INT32' | 'INT64' | 'UINT8' | 'BOOL';

/** A tensor as Open Inference v2 JSON has it: row-major, flat. */
export interface OpenInferenceTensor {
  readonly name: string;
  readonly shape: readonly number[];
  readonly datatype: OpenInferenceDatatype;
  readonly data: readonly (number | boolean)[];
}

/**
 * `smoke/request.json` is an infer request and `smoke/expected.json` the response to it, both Open Inference v2; the
 * response's parameters say how far an answer may be off: |answer − expected| ≤ absolute + relative · |expected|.
 */
export interface SmokeTest {
  readonly request: { readonly inputs: readonly OpenInferenceTensor[] };
  readonly expected: {
    readonly model_name: string;
    readonly outputs: readonly OpenInferenceTensor[];
    readonly parameters: { readonly absolute: number; readonly relative: number };
  };
}

const size = v.pipe(v.number(), v.safeInteger(), v.minValue(0));
const tolerance = v.pipe(v.number(), v.finite(), v.minValue(0));
const tensor = v.pipe(
  v.object({
    name: v.string(),
    shape: v.array(size),
    datatype: v.picklist(['FP32', 'FP16', 'INT32', 'INT64', 'UINT8', 'BOOL']),
    data: v.array(v.union([v.pipe(v.number(), v.finite()), v.boolean()])),
  }),
  v.check(
    ({ shape, data }) => shape.reduce((product, side) => product * side, 1) === data.length,
    'data must hold as many elements as shape says',
  ),
);
const requestSchema = v.object({ inputs: v.array(tensor) });
const expectedSchema = v.object({
  model_name: v.string(),
  outputs: v.array(tensor),
  parameters: v.object({ absolute: tolerance, relative: tolerance }),
});

/** The two smoke files, ready for `writeBundle`. */
export function smokeFiles({ request, expected }: SmokeTest): Readonly<Record<string, Uint8Array>> {
  const encode = (value: object): Uint8Array =>
    new TextEncoder().encode(`${JSON.stringify(value)}\n`);
  return { [SMOKE_REQUEST_PATH]: encode(request), [SMOKE_EXPECTED_PATH]: encode(expected) };
}

/** Reads the two smoke files. Throws `BundleError('invalid-smoke')`. */
export function parseSmokeTest(request: Uint8Array, expected: Uint8Array): SmokeTest {
  return {
    request: parseFile(SMOKE_REQUEST_PATH, requestSchema, request),
    expected: parseFile(SMOKE_EXPECTED_PATH, expectedSchema, expected),
  };
}

function parseFile<T>(path: string, schema: v.GenericSchema<unknown, T>, bytes: Uint8Array): T {
  try {
    return v.parse(schema, JSON.parse(new TextDecoder().decode(bytes)));
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new BundleError(
      'invalid-smoke',
      `${path} is not an Open Inference v2 message: ${reason}. Export the bundle again.`,
      { path, cause },
    );
  }
}
