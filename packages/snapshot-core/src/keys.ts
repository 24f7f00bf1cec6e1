import { StoreError } from './store-error.ts';

const safeKey = /^(?!\.{1,2}(?:\/|$))[A-Za-z0-9._-]+(?:\/(?!\.{1,2}(?:\/|$))[A-Za-z0-9._-]+)*$/;

/** Longest key a store takes: below the 255 bytes of a file name and the 1024 of an S3 key. */
const maxKeyLength = 200;

/** Throws `StoreError('unsafe-key')` unless the key is a path of `[A-Za-z0-9._-]` segments, none `.` or `..`. */
export function checkKey(key: string): void {
  if (key.length <= maxKeyLength && safeKey.test(key)) return;
  throw new StoreError(
    'unsafe-key',
    `Key ${JSON.stringify(key)} is not allowed: a key is at most ${maxKeyLength} characters of [A-Za-z0-9._-] ` +
      'in segments divided by "/", none of them "." or "..".',
    { key },
  );
}
