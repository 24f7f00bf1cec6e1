import type { Prediction } from '@snapshot-ensemble/ensemble-runtime';
import type { InferRequest, InferResponse, Parameters } from '../protocol/messages.ts';
import type { Model } from '../repository/model.ts';
import { toInputs } from './inputs.ts';
import { planOutputs } from './outputs.ts';
import { readKnobs } from './parameters.ts';

export interface Limits {
  /** Aborted when nobody waits any more. */
  readonly signal?: AbortSignal;
  /** When the transport gives up, in milliseconds of `performance.now()`. */
  readonly deadline?: number | undefined;
}

export interface Answer {
  readonly response: InferResponse;
  readonly prediction: Prediction;
}

/** Answers a request. Throws `ServerError` and `InferenceError`. */
export async function infer(
  model: Model,
  request: InferRequest,
  { signal, deadline }: Limits,
): Promise<Answer> {
  const { options, timeoutMs, ignored } = readKnobs(model, request.parameters);
  const outputs = planOutputs(model, request.outputs);
  const own = timeoutMs === undefined ? Infinity : performance.now() + timeoutMs;
  const until = Math.min(own, deadline ?? Infinity);
  const prediction = await model.ensemble.predict(toInputs(model, request.inputs), {
    ...options,
    outputs: outputs.names,
    ...(signal !== undefined && { signal }),
    ...(until !== Infinity && { deadline: until }),
  });
  model.lastInference = Date.now();
  return {
    prediction,
    response: {
      model: model.name,
      version: model.version,
      id: request.id,
      parameters: { ...membersParameter(model, prediction), ...ignoredParameter(ignored) },
      outputs: outputs.make(prediction),
    },
  };
}

/** `members_used`: the mean over the rows, which is a whole number for one row and without a cascade. */
function membersParameter({ manifest }: Model, { membersUsed }: Prediction): Parameters {
  let sum = 0;
  for (const used of membersUsed) sum += used;
  return membersUsed.length === 0 || manifest.members.length === 0
    ? {}
    : { members_used: sum / membersUsed.length };
}

function ignoredParameter(ignored: readonly string[]): Parameters {
  return ignored.length === 0 ? {} : { ignored: ignored.join(',') };
}
