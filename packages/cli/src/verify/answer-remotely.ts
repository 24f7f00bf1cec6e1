import type { OpenInferenceTensor, SmokeTest } from '@snapshot-ensemble/ensemble-bundle';
import { CheckFailedError, EnvironmentError, errorLine, UsageError } from '../run-main.ts';

export interface Server {
  readonly url: string;
  readonly model: string;
  readonly timeoutMs: number;
}

/** What an Open Inference v2 server answers over HTTP. */
export async function answerRemotely(
  { url, model, timeoutMs }: Server,
  request: SmokeTest['request'],
  outputs: readonly string[],
): Promise<readonly OpenInferenceTensor[]> {
  const place = inferUrl(url, model);
  const response = await fetch(place, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ ...request, outputs: outputs.map((name) => ({ name })) }),
    signal: AbortSignal.timeout(timeoutMs),
  }).catch((error: unknown) => {
    throw noAnswer(url, timeoutMs, error);
  });
  const text = await response.text();
  if (!response.ok)
    throw response.status === 404
      ? new UsageError(`verify: ${refused(place, response, text)} Name the model with --model.`)
      : new CheckFailedError(`verify: ${refused(place, response, text)}`);
  return parseOutputs(place, text);
}

function refused({ href }: URL, { status }: Response, text: string): string {
  return `${href} answered ${status}: ${serverMessage(text)}`;
}

function inferUrl(url: string, model: string): URL {
  const base = URL.canParse(url) ? new URL(url) : undefined;
  if (base === undefined || !['http:', 'https:'].includes(base.protocol))
    throw new UsageError(
      `verify: --url "${url}" is not a web address. Give one such as http://127.0.0.1:8000.`,
    );
  const path = base.pathname.replace(/\/+$/, '');
  return new URL(`${path}/v2/models/${encodeURIComponent(model)}/infer`, base);
}

function noAnswer(url: string, timeoutMs: number, error: unknown): EnvironmentError {
  if (error instanceof Error && error.name === 'TimeoutError')
    return new EnvironmentError(
      `verify: ${url} did not answer within ${timeoutMs} ms. Allow more with --timeout.`,
      { cause: error },
    );
  // fetch hides the reason ("connect ECONNREFUSED …") in the cause.
  const reason = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  return new EnvironmentError(
    `verify: no server answers at ${url} (${errorLine(reason)}). Start one with snapshot-ensemble serve, or check host and port.`,
    { cause: error },
  );
}

function serverMessage(text: string): string {
  const body = parseJson(text);
  const error = typeof body === 'object' && body !== null && 'error' in body ? body.error : text;
  return String(error).slice(0, 500).replace(/\.?$/, '.');
}

function parseOutputs(place: URL, text: string): readonly OpenInferenceTensor[] {
  const body = parseJson(text) as { readonly outputs?: unknown } | undefined;
  const outputs = body?.outputs;
  const isTensor = (value: unknown): boolean =>
    typeof value === 'object' &&
    value !== null &&
    'shape' in value &&
    Array.isArray(value.shape) &&
    'data' in value &&
    Array.isArray(value.data);
  if (!Array.isArray(outputs) || !outputs.every(isTensor))
    throw new CheckFailedError(
      `verify: ${place.href} answered something other than an Open Inference v2 response. Check the address.`,
    );
  return (outputs as OpenInferenceTensor[]).map((output) => ({
    ...output,
    data: output.data.flat(Infinity),
  }));
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
