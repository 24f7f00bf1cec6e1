import { sha256 as noble } from '@noble/hashes/sha2.js';
import { bytesToHex } from '@noble/hashes/utils.js';
import type { Sha256 } from './sha256.ts';

/** In plain JavaScript: `crypto.subtle` takes whole arrays only, never a stream. */
export function sha256(): Sha256 {
  const hash = noble.create();
  return {
    update: (bytes) => void hash.update(bytes),
    hex: () => bytesToHex(hash.digest()),
  };
}
