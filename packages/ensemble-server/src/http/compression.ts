import { promisify } from 'node:util';
import { constants, deflate, gzip } from 'node:zlib';

type Encoding = 'gzip' | 'deflate';

const encoders: Readonly<
  Record<Encoding, (body: Buffer, options: { readonly level: number }) => Promise<Buffer>>
> = { gzip: promisify(gzip), deflate: promisify(deflate) };

// A compressed packet is no faster than a small one, and level 1 keeps up with a fast network.
const MIN_COMPRESSED_BYTES = 1024;
const level = constants.Z_BEST_SPEED;

/** The encoding for a response of that size by what its client accepts, or undefined. */
export function chooseEncoding(size: number, accepted: string | undefined): Encoding | undefined {
  if (accepted === undefined || size < MIN_COMPRESSED_BYTES) return undefined;
  const offers = accepted
    .toLowerCase()
    .split(',')
    .map((offer) => offer.replaceAll(/\s/g, ''))
    .filter((offer) => !/;q=0(\.0*)?$/.test(offer))
    .map((offer) => offer.split(';', 1)[0]!);
  if (offers.includes('gzip')) return 'gzip';
  return offers.includes('deflate') ? 'deflate' : undefined;
}

export function compress(body: Buffer, encoding: Encoding): Promise<Buffer> {
  return encoders[encoding](body, { level });
}
