import type { WriteCondition } from '../blob-store.ts';
import { StoreError } from '../store-error.ts';

export function absent(key: string, options?: ErrorOptions): StoreError {
  return new StoreError('not-found', `There is no blob "${key}" in the store.`, {
    ...options,
    key,
  });
}

export function conditionFailed(key: string, condition: WriteCondition): StoreError {
  const message =
    'ifAbsent' in condition
      ? `Cannot write "${key}": it already exists, and the write was to create it (ifAbsent).`
      : `Cannot write "${key}": it is no longer the version that was read (${condition.ifMatch}). ` +
        'Another writer changed it: read it again before deciding what to write.';
  return new StoreError('conflict', message, { key });
}
