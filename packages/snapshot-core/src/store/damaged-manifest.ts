import { StoreError } from '../store-error.ts';

export const manifestKey = 'manifest.json';

export function damagedManifest(fault: string, options?: ErrorOptions): StoreError {
  return new StoreError(
    'damaged',
    `"${manifestKey}" is not a valid manifest (${fault}). Restore it from a copy, or call repair(blobs), which rebuilds it from the members.`,
    { ...options, key: manifestKey },
  );
}
