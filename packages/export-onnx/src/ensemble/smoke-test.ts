import {
  openInferenceDatatypes,
  type BundleDType,
  type OpenInferenceTensor,
  type SmokeTest,
} from '@snapshot-ensemble/ensemble-bundle';
import { feedsOf, type OrtLike } from '../parity/check-parity.ts';
import type { HostTensors } from '../parity/compare.ts';

export interface SmokeOptions {
  /** The onnxruntime module, which answers the request. */
  readonly ort: OrtLike;
  /** The request, by input name; a row or two suffice. */
  readonly inputs: HostTensors;
  /** How far another runtime may be off. Default 1e-5. */
  readonly absolute?: number;
  /** Default 1e-4. */
  readonly relative?: number;
}

/** A request and the answer that the graph gives to it now. */
export async function makeSmokeTest(
  name: string,
  bytes: Uint8Array,
  { ort, inputs, absolute = 1e-5, relative = 1e-4 }: SmokeOptions,
): Promise<SmokeTest> {
  const session = await ort.InferenceSession.create(bytes);
  try {
    const answer = await session.run(feedsOf(ort, inputs));
    return {
      request: {
        inputs: Object.entries(inputs).map(([input, { data, shape }]) =>
          openInferenceTensor(input, dtypeOf(data), shape, data),
        ),
      },
      expected: {
        model_name: name,
        outputs: Object.entries(answer).map(([output, { data, dims, type }]) =>
          openInferenceTensor(
            output,
            type as BundleDType,
            dims,
            data as ArrayLike<number | bigint>,
          ),
        ),
        parameters: { absolute, relative },
      },
    };
  } finally {
    await session.release?.();
  }
}

function dtypeOf(data: Float32Array | Int32Array | Uint8Array): 'float32' | 'int32' | 'bool' {
  if (data instanceof Float32Array) return 'float32';
  return data instanceof Int32Array ? 'int32' : 'bool';
}

function openInferenceTensor(
  name: string,
  dtype: BundleDType,
  shape: readonly number[],
  data: ArrayLike<number | bigint>,
): OpenInferenceTensor {
  const values = Array.from(data, (value) =>
    dtype === 'bool' ? Number(value) !== 0 : Number(value),
  );
  return { name, shape: [...shape], datatype: openInferenceDatatypes[dtype], data: values };
}
