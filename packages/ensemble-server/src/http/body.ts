import type { IncomingMessage } from 'node:http';
import { createGunzip, createInflate, type Gunzip, type Inflate } from 'node:zlib';
import { badRequest, ServerError } from '../errors.ts';
import type { Reservation } from '../service/admission.ts';

export interface BodyLimits {
  /** Bytes of a body, and of what it is decompressed to. */
  readonly maxBytes: number;
  /** How long a body may stand still. */
  readonly stallMs: number;
  /** Bytes a second that it must keep up after that time. */
  readonly minRate: number;
}

/** For bodies that hold a few names, as requests to the repository do. */
export const MAX_SMALL_BYTES: number = 64 * 1024;

/** Length that a request tells of its body, or undefined where it comes in chunks. Throws `ServerError('too-large')`. */
export function declaredLength({ headers }: IncomingMessage, maxBytes: number): number | undefined {
  const text = headers['content-length'];
  if (text === undefined) return headers['transfer-encoding'] === undefined ? 0 : undefined;
  const length = Number(text);
  if (length > maxBytes) throw tooLarge(maxBytes);
  return length;
}

/** Reads a body that was admitted; what was not told of its length is reserved as it comes. Throws `ServerError`. */
export async function readBody(
  request: IncomingMessage,
  length: number | undefined,
  reservation: Reservation,
  limits: BodyLimits,
): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  const started = performance.now();
  let lastChunk = started;
  await new Promise<void>((resolve, reject) => {
    let watch: NodeJS.Timeout | undefined;
    // Most bodies come in the same turn of the event loop as their head, and need no watching.
    const soon = setImmediate(() => {
      watch = setInterval(
        () => {
          if (isTooSlow({ started, lastChunk, size }, limits)) finish(tooSlow(size));
        },
        Math.min(1000, limits.stallMs),
      ).unref();
    });
    const onData = (chunk: Uint8Array): void => {
      lastChunk = performance.now();
      size += chunk.length;
      try {
        if (size > limits.maxBytes) throw tooLarge(limits.maxBytes);
        if (length === undefined) reservation.grow(chunk.length);
        chunks.push(chunk);
      } catch (error) {
        finish(error as Error);
      }
    };
    const onEnd = (): void => {
      finish();
    };
    const onClose = (): void => {
      finish(badRequest('the connection ended before its body did.'));
    };
    const finish = (error?: Error): void => {
      clearImmediate(soon);
      clearInterval(watch);
      request.off('data', onData).off('end', onEnd).off('close', onClose).off('error', onClose);
      if (error === undefined) {
        resolve();
        return;
      }
      // What still comes is thrown away.
      request.on('error', () => undefined).resume();
      reject(error);
    };
    request.on('data', onData).on('end', onEnd).on('close', onClose).on('error', onClose);
  });
  return chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks, size);
}

/** How far a body is; times of `performance.now()`. */
export interface Progress {
  readonly started: number;
  readonly lastChunk: number;
  readonly size: number;
}

export function isTooSlow(
  { started, lastChunk, size }: Progress,
  { stallMs, minRate }: BodyLimits,
): boolean {
  const now = performance.now();
  return now - lastChunk > stallMs || size < ((now - started - stallMs) / 1000) * minRate;
}

const decoders: Readonly<Record<string, () => Gunzip | Inflate>> = {
  gzip: createGunzip,
  'x-gzip': createGunzip,
  deflate: createInflate,
};

/** Encodings that `decompress` knows, for `Accept-Encoding`. */
export const ENCODINGS = 'gzip, deflate';

/** The body without its `Content-Encoding`, memory reserved as it grows. Throws `ServerError`. */
export async function decompress(
  body: Uint8Array,
  encoding: string | undefined,
  reservation: Reservation,
  maxBytes: number,
): Promise<Uint8Array> {
  const name = encoding?.trim().toLowerCase() ?? 'identity';
  if (name === 'identity' || name === '') return body;
  const create = Object.hasOwn(decoders, name) ? decoders[name] : undefined;
  if (create === undefined)
    throw new ServerError(
      'unsupported-media-type',
      `Cannot read the request: Content-Encoding is ${JSON.stringify(encoding)}. Allowed: ${ENCODINGS}.`,
    );
  const decoder = create();
  const chunks: Buffer[] = [];
  let size = 0;
  decoder.end(body);
  try {
    for await (const chunk of decoder as AsyncIterable<Buffer>) {
      size += chunk.length;
      if (size > maxBytes) throw tooLarge(maxBytes);
      reservation.grow(chunk.length);
      chunks.push(chunk);
    }
  } catch (cause) {
    if (cause instanceof ServerError) throw cause;
    throw badRequest(`its body is not ${name}.`);
  } finally {
    decoder.destroy();
  }
  return Buffer.concat(chunks, size);
}

export function tooLarge(maxBytes: number): ServerError {
  return new ServerError(
    'too-large',
    `The request's body is larger than ${maxBytes} bytes. Send fewer rows at once, or raise the limit of the server.`,
  );
}

export function tooSlow(size: number): ServerError {
  return new ServerError(
    'request-timeout',
    `The request's body arrives too slowly; bytes so far: ${size}. Send it faster, or in one piece.`,
  );
}
