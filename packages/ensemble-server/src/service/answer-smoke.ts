import type { OpenInferenceTensor, SmokeTest } from '@snapshot-ensemble/ensemble-bundle';
import type { OutputTensor } from '../protocol/messages.ts';
import type { Model } from '../repository/model.ts';
import { infer } from './infer.ts';

/** What a model answers to its bundle's smoke request, by the way that clients' requests go. */
export async function answerSmoke(
  model: Model,
  { request, expected }: SmokeTest,
): Promise<readonly OpenInferenceTensor[]> {
  const { response } = await infer(
    model,
    {
      id: undefined,
      parameters: {},
      inputs: request.inputs.map(({ name, datatype, shape, data }) => ({
        name,
        datatype,
        shape,
        content: {
          form: 'json',
          numbers: {
            values: Float64Array.from(data, Number),
            booleans: data.filter((element) => typeof element === 'boolean').length,
          },
        },
      })),
      outputs: expected.outputs.map(({ name }) => ({ name })),
    },
    {},
  );
  return response.outputs.map(toJsonTensor);
}

function toJsonTensor({ name, datatype, shape, data }: OutputTensor): OpenInferenceTensor {
  return {
    name,
    shape,
    datatype: datatype as OpenInferenceTensor['datatype'],
    data: Array.from(data as Iterable<number>, Number),
  };
}
