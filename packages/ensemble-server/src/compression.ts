import { promisify } from 'node:util';
import { constants, deflate, gunzip, gzip, inflate } from 'node:zlib';
import { badRequest, ServerError } from './errors.ts';

const decoders = {
  gzip: promisify(gunzip),
  'x-gzip': promisify(gunzip),
  deflate: promisify(inflate),
};
const encoders = { gzip: promisify(gzip), deflate: promisify(deflate) };

/** Encodings that `decompress` knows, for `Accept-Encoding`. */
export const ENCODINGS = 'gzip, deflate';

// A compressed packet is no faster than a small one, and level 1 keeps up with a fast network.
const MIN_COMPRESSED_BYTES = 1024;
const level = constants.Z_BEST_SPEED;

/** The body without its `Content-Encoding`, at most `maxBytes` long. Throws `ServerError`. */
export async function decompress(
  body: Uint8Array,
  encoding: string | undefined,
  maxBytes: number,
): Promise<Uint8Array> {
  const name = encoding?.trim().toLowerCase() ?? 'identity';
  if (name === 'identity' || name === '') return body;
  if (!isKey(decoders, name))
    throw new ServerError(
      'unsupported-encoding',
      `Cannot read the request: Content-Encoding is "${name}". Allowed: ${ENCODINGS}.`,
    );
  try {
    return await decoders[name](body, { maxOutputLength: maxBytes });
  } catch (cause) {
    if ((cause as { code?: unknown }).code === 'ERR_BUFFER_TOO_LARGE') throw tooLarge(maxBytes);
    throw badRequest(`Cannot read the request: its body is not ${name} (${String(cause)}).`);
  }
}

export function tooLarge(maxBytes: number): ServerError {
  return new ServerError(
    'too-large',
    `The request's body is larger than ${maxBytes} bytes. Send fewer rows at once, or raise bodyLimit.`,
  );
}

/** Compresses a response the way its client asked for, if that is worth it. */
export async function compress(
  body: Buffer,
  accepted: string | undefined,
): Promise<{ readonly body: Buffer; readonly encoding: string | undefined }> {
  const encoding = body.length < MIN_COMPRESSED_BYTES ? undefined : choose(accepted ?? '');
  if (encoding === undefined) return { body, encoding };
  return { body: await encoders[encoding](body, { level }), encoding };
}

function choose(accepted: string): keyof typeof encoders | undefined {
  const offers = accepted
    .toLowerCase()
    .split(',')
    .map((offer) => offer.replaceAll(/\s/g, ''))
    .filter((offer) => !/;q=0(\.0*)?$/.test(offer))
    .map((offer) => offer.split(';', 1)[0]!);
  if (offers.includes('gzip')) return 'gzip';
  return offers.includes('deflate') ? 'deflate' : undefined;
}

function isKey<T extends object>(table: T, key: PropertyKey): key is keyof T {
  return Object.hasOwn(table, key);
}
