import * as ort from 'onnxruntime-node';
import type { HostTensor, HostTensors } from '../src/index.ts';

/** What a graph answers, on onnxruntime; bool as bytes. */
export async function runOnnx(bytes: Uint8Array, inputs: HostTensors): Promise<HostTensors> {
  const session = await ort.InferenceSession.create(bytes);
  try {
    const feeds = Object.entries(inputs).map(([name, { data, shape }]) => {
      const type =
        data instanceof Float32Array ? 'float32' : data instanceof Int32Array ? 'int32' : 'uint8';
      return [name, new ort.Tensor(type, data as Float32Array, [...shape])] as const;
    });
    const answer = await session.run(Object.fromEntries(feeds));
    return Object.fromEntries(
      Object.entries(answer).map(([name, { data, dims }]): [string, HostTensor] => [
        name,
        { data: data as Float32Array, shape: dims },
      ]),
    );
  } finally {
    await session.release();
  }
}
