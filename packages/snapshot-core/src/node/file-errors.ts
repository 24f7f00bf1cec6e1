import { errorCode } from '@snapshot-ensemble/bytes/node';
import { absent } from '../blobs/failures.ts';
import { StoreError } from '../store-error.ts';

/** The file system's error as a `StoreError` that says what to do; any other error as it is. */
export function fileError(error: unknown, path: string, key: string): unknown {
  const code = errorCode(error);
  if (error instanceof StoreError || code === undefined) return error;
  const options = { key, cause: error };
  switch (code) {
    case 'EISDIR':
      return absent(key, { cause: error });
    case 'ENOSPC':
    case 'EDQUOT':
      return new StoreError(
        'no-space',
        `Cannot write "${key}": the disk of ${path} is full (${code}). Nothing was changed; free some space and save again.`,
        options,
      );
    case 'EACCES':
    case 'EPERM':
    case 'EROFS':
      return new StoreError('io', `Not allowed to access ${path} (${code}).`, options);
    default:
      return new StoreError('io', `Cannot access ${path} (${code}).`, options);
  }
}
