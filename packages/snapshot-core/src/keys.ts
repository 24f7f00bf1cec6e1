import { pathProblem } from '@snapshot-ensemble/bytes';
import { StoreError } from './store-error.ts';

/** Throws `StoreError('unsafe-key')` unless the key is a path that every file system and every bucket takes. */
export function checkKey(key: string): void {
  const problem = pathProblem(key);
  if (problem === undefined) return;
  const shown = JSON.stringify(key.length > 60 ? `${key.slice(0, 60)}…` : key);
  throw new StoreError('unsafe-key', `Key ${shown} is not allowed: ${problem}.`, { key });
}
