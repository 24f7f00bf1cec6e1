import {
  openInferenceDatatypes,
  type BundleDType,
  type BundleSource,
  type OpenInferenceTensor,
  type SmokeTest,
} from '@snapshot-ensemble/ensemble-bundle';
import {
  loadEnsemble,
  type InputTensor,
  type Tensor,
  type TensorData,
} from '@snapshot-ensemble/ensemble-runtime';
import { UsageError } from '../run-main.ts';

/** What a bundle answers through ensemble-runtime. */
export async function answerLocally(
  bundle: string | BundleSource,
  request: SmokeTest['request'],
  outputs: readonly string[],
): Promise<readonly OpenInferenceTensor[]> {
  const ensemble = await loadEnsemble(bundle);
  try {
    const inputs = Object.fromEntries(request.inputs.map((input) => [input.name, toTensor(input)]));
    const { outputs: answer } = await ensemble.predict(inputs, { outputs });
    return ensemble.manifest.outputs.flatMap(({ name, dtype }) => {
      const tensor = answer[name];
      return tensor === undefined ? [] : [fromTensor(name, dtype, tensor)];
    });
  } finally {
    await ensemble.close();
  }
}

type Elements = readonly (number | boolean)[];

const arrays: Readonly<
  Record<OpenInferenceTensor['datatype'], (data: Elements, name: string) => TensorData>
> = {
  FP32: (data) => Float32Array.from(data, Number),
  INT32: (data) => Int32Array.from(data, Number),
  INT64: (data) => BigInt64Array.from(data, BigInt),
  UINT8: (data) => Uint8Array.from(data, Number),
  BOOL: (data) => Uint8Array.from(data, Number),
  FP16: (_, name) => refuseHalf(name),
};

function toTensor({ name, datatype, shape, data }: OpenInferenceTensor): InputTensor {
  return { data: arrays[datatype](data, name), dims: shape };
}

function fromTensor(name: string, dtype: BundleDType, { data, dims }: Tensor): OpenInferenceTensor {
  if (dtype === 'float16') refuseHalf(name);
  return {
    name,
    datatype: openInferenceDatatypes[dtype],
    shape: dims,
    data: Array.from(data, Number),
  };
}

function refuseHalf(name: string): never {
  throw new UsageError(
    `verify: tensor "${name}" is float16, which Open Inference JSON cannot carry. Export the bundle with float32 inputs and outputs.`,
  );
}
