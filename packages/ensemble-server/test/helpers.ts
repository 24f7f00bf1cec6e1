import { readFile } from 'node:fs/promises';
import { expect } from 'vitest';
import type { RunningServer } from '../src/index.ts';

// Made with Python's onnx and NumPy: conformance/serving/make.py
const golden = new URL('../../../conformance/serving/golden/', import.meta.url);
export const tiny = new URL('tiny', golden);
export const identity = new URL('identity', golden);
export const expected = JSON.parse(
  await readFile(new URL('tiny.expected.json', golden), 'utf8'),
) as Readonly<Record<string, number[][]>>;

/** float32 arithmetic against NumPy's float64. */
export const TOLERANCE = 2e-6;

export interface Output {
  readonly name: string;
  readonly datatype: string;
  readonly shape: readonly number[];
  readonly data?: readonly (number | boolean)[];
  readonly parameters?: { readonly binary_data_size: number };
}

export interface InferBody {
  readonly id?: string;
  readonly model_name: string;
  readonly model_version: string;
  readonly outputs: readonly Output[];
}

/** The golden input, five rows of it. */
export const x = (more: object = {}): object => ({
  name: 'x',
  datatype: 'FP32',
  shape: [5, 4],
  data: expected['x'],
  ...more,
});

/** Sends an infer request; what is neither text nor bytes goes as JSON. */
export function post(
  { url }: RunningServer,
  body: object | string,
  headers: Readonly<Record<string, string>> = {},
  model = 'tiny',
): Promise<Response> {
  const isReady = body instanceof Uint8Array || typeof body === 'string';
  return fetch(`${url}/v2/models/${encodeURIComponent(model)}/infer`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json', ...headers },
    body: (isReady ? body : JSON.stringify(body)) as BodyInit,
  });
}

export async function readJson(response: Response): Promise<InferBody> {
  expect(response.headers.get('content-type')).toContain('application/json');
  return (await response.json()) as InferBody;
}

export async function readError(response: Response): Promise<string> {
  expect(response.headers.get('content-type')).toContain('application/json');
  return ((await response.json()) as { readonly error: string }).error;
}

/** Body and header of a request: JSON, then tensors. */
export function joined(
  json: object,
  ...tensors: readonly ArrayBufferView[]
): readonly [Uint8Array, Record<string, string>] {
  const head = Buffer.from(JSON.stringify(json));
  const parts = tensors.map((t) => Buffer.from(t.buffer, t.byteOffset, t.byteLength));
  return [
    Buffer.concat([head, ...parts]),
    { 'Inference-Header-Content-Length': String(head.length) },
  ];
}

/** JSON and tensors of a binary response. */
export async function split(
  response: Response,
): Promise<{ readonly json: InferBody; readonly rest: Buffer }> {
  expect(response.headers.get('content-type')).toBe('application/octet-stream');
  const bytes = Buffer.from(await response.arrayBuffer());
  const length = Number(response.headers.get('inference-header-content-length'));
  const json = JSON.parse(bytes.subarray(0, length).toString()) as InferBody;
  return { json, rest: bytes.subarray(length) };
}

/** How far the outputs are from what NumPy computed, at most. */
export function largestDifference(outputs: readonly Output[]): number {
  const all = outputs.flatMap(({ name, data }) =>
    expected[name]!.flat<number[][], 9>(9).map((value, index) =>
      Math.abs(value - Number(data![index])),
    ),
  );
  return Math.max(...all);
}
