// Runs in a thread of its own: JSON in, typed arrays out.
import { parentPort, workerData } from 'node:worker_threads';
import { ServerError } from '../../errors.ts';
import type { JsonLimits } from '../json/parse.ts';
import type { DecodeJob, DecodeResult } from './decoder.ts';
import { readInferRequest, type DecodedRequest } from './read-request.ts';

const limits = workerData as JsonLimits;

parentPort!.on('message', ({ id, bytes, headerLength }: DecodeJob) => {
  try {
    const decoded = readInferRequest(bytes, headerLength, limits);
    const result: DecodeResult = { id, decoded };
    parentPort!.postMessage(result, [...buffersOf(decoded)]);
  } catch (error) {
    const isOurs = error instanceof ServerError;
    const code = isOurs ? error.code : 'invalid-request';
    const result: DecodeResult = {
      id,
      code,
      message: isOurs ? error.message : 'It cannot be read.',
    };
    parentPort!.postMessage(result);
  }
});

/** Each once: several inputs may lie in one body. */
function buffersOf({ request }: DecodedRequest): Set<ArrayBuffer> {
  const buffers = (request?.inputs ?? []).flatMap(({ content }) => {
    if (content.form === 'bytes') return [content.bytes.buffer as ArrayBuffer];
    return content.form === 'json' ? [content.numbers.values.buffer as ArrayBuffer] : [];
  });
  return new Set(buffers);
}
