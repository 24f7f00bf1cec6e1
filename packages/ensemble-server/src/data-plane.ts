import type { Ensemble } from '@snapshot-ensemble/ensemble-runtime';
import { ServerError } from './errors.ts';
import { wireShape, wireTypes } from './protocol/datatypes.ts';
import type { JsonLimits } from './protocol/parse-json.ts';
import { readRequest, type RequestBody } from './protocol/read-request.ts';
import { writeResponse, type InferResponse } from './protocol/write-response.ts';

/** Ensembles by the name they are served under. */
export type Models = ReadonlyMap<string, Ensemble>;

/** A bundle is one version; another export is another bundle. */
export const MODEL_VERSION = '1';

const PLATFORM = 'snapshot_ensemble';

/** Which model a URL means. */
export interface ModelAddress {
  readonly model: string;
  readonly version?: string;
}

/** The ensemble at an address. Throws `ServerError('not-found')`. */
export function findModel(models: Models, { model, version }: ModelAddress): Ensemble {
  const ensemble = models.get(model);
  if (ensemble === undefined)
    throw new ServerError(
      'not-found',
      `There is no model "${model}". Models here: ${[...models.keys()].join(', ')}.`,
    );
  if (version !== undefined && version !== MODEL_VERSION)
    throw new ServerError(
      'not-found',
      `Model "${model}" has no version "${version}". Its version is ${MODEL_VERSION}.`,
    );
  return ensemble;
}

export function serverMetadata(version: string): object {
  return { name: 'snapshot-ensemble', version, extensions: ['binary_tensor_data'] };
}

export function modelMetadata(models: Models, address: ModelAddress): object {
  const { inputs, outputs } = findModel(models, address).manifest;
  const describe = (tensor: (typeof inputs)[number]): object => ({
    name: tensor.name,
    datatype: wireTypes[tensor.dtype].datatype,
    shape: wireShape(tensor),
  });
  return {
    name: address.model,
    versions: [MODEL_VERSION],
    platform: PLATFORM,
    inputs: inputs.map(describe),
    outputs: outputs.map(describe),
  };
}

/**
 * Answers an infer request. All outputs means all but the members' own predictions, which must be asked for by name. Throws
 * `ServerError`, `InferenceError`, and the signal's reason.
 */
export async function infer(
  models: Models,
  address: ModelAddress,
  body: RequestBody,
  { limits, signal }: { readonly limits: JsonLimits; readonly signal: AbortSignal },
): Promise<InferResponse> {
  const ensemble = findModel(models, address);
  const request = readRequest(ensemble.manifest, body, limits);
  const wanted = request.outputs;
  const { outputs } = await ensemble.predict(request.inputs, {
    signal,
    allowNonFinite: request.allowNonFinite,
    ...(request.timeoutMs === undefined ? {} : { deadline: performance.now() + request.timeoutMs }),
    ...(wanted === undefined ? {} : { outputs: wanted.map(({ name }) => name) }),
  });
  const answered = Object.entries(outputs).map(([name, tensor]) => ({
    output: ensemble.manifest.outputs.find((output) => output.name === name)!,
    tensor,
    isBinary: wanted?.find((output) => output.name === name)?.isBinary ?? request.isBinary,
  }));
  const head = { model_name: address.model, model_version: MODEL_VERSION };
  return writeResponse(request.id === undefined ? head : { ...head, id: request.id }, answered);
}
