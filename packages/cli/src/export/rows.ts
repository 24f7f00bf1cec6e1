import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import type { HostTensor, HostTensors } from '@snapshot-ensemble/export-onnx';
import { UsageError } from '../run-main.ts';

/** Rows of a person's own, and what they are. */
export interface Rows {
  readonly inputs: HostTensors;
  readonly labels?: readonly number[];
}

const arrays: Readonly<Record<string, (data: readonly number[]) => HostTensor['data']>> = {
  FP32: (data) => Float32Array.from(data),
  INT32: (data) => Int32Array.from(data),
  UINT8: (data) => Uint8Array.from(data),
  BOOL: (data) => Uint8Array.from(data, Number),
};

/** Reads an Open Inference v2 request, with `labels` beside `inputs` where they are known. Throws `UsageError`. */
export async function readRows(file: string, directory: string): Promise<Rows> {
  const text = await readFile(resolve(directory, file), 'utf8').catch((cause: unknown) => {
    throw new UsageError(`export: cannot read --rows "${file}".`, { cause });
  });
  const problem = (what: string): UsageError =>
    new UsageError(
      `export: --rows "${file}" ${what}. It must be an Open Inference request: {"inputs": [{"name", "shape", "datatype", "data"}], "labels": […]}.`,
    );
  const json = parsed(text);
  if (!Array.isArray(json?.inputs)) throw problem('has no inputs');
  const inputs = json.inputs.map((each): [string, HostTensor] => {
    const { name, shape, datatype = '', data } = each as Partial<Record<string, never>>;
    const read = arrays[datatype];
    if (typeof name !== 'string' || !Array.isArray(shape) || !Array.isArray(data) || !read)
      throw problem('has an input that is not of datatype FP32, INT32, UINT8 or BOOL');
    return [name, { data: read((data as number[]).flat(Infinity)), shape }];
  });
  const counts = new Set(inputs.map(([, { shape }]) => shape[0]));
  if (counts.size !== 1) throw problem('has inputs of different numbers of rows');
  const { labels } = json;
  if (labels === undefined) return { inputs: Object.fromEntries(inputs) };
  if (!Array.isArray(labels) || !counts.has(labels.length))
    throw problem('has "labels" that are not one class for each row');
  return { inputs: Object.fromEntries(inputs), labels: labels as number[] };
}

function parsed(
  text: string,
): { readonly inputs?: unknown; readonly labels?: unknown } | undefined {
  try {
    return JSON.parse(text) as { readonly inputs?: unknown };
  } catch {
    return undefined;
  }
}
