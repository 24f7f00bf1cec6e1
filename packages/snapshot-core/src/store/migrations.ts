import { StoreError } from '../store-error.ts';

/** Turns a manifest of the schema it is listed under into one of the next. */
export type Migration = (manifest: object) => object;

/** By the schema they start from; schema 1 is the first, so there is none yet. */
export const migrations: ReadonlyMap<number, Migration> = new Map();

/** Brings a parsed manifest to the schema `target`. Throws `StoreError('newer-schema')` or `('damaged')`. */
export function migrate(
  manifest: unknown,
  steps: ReadonlyMap<number, Migration>,
  target: number,
): object {
  let current = asObject(manifest);
  for (let version = versionOf(current); version !== target; version += 1) {
    if (version > target) {
      throw new StoreError(
        'newer-schema',
        `"manifest.json" has schema ${version}; this version of snapshot-core reads schemas up to ${target}. ` +
          `Install one that reads schema ${version}${writtenBy(current)}.`,
        { key: 'manifest.json' },
      );
    }
    const step = steps.get(version);
    if (step === undefined) throw damagedSchema(`no schema ${version} ever existed`);
    current = { ...step(current), schemaVersion: version + 1 };
  }
  return current;
}

function versionOf(manifest: object): number {
  const version: unknown = 'schemaVersion' in manifest ? manifest.schemaVersion : undefined;
  if (typeof version === 'number' && Number.isSafeInteger(version)) return version;
  throw damagedSchema('its schemaVersion is not a whole number');
}

function asObject(value: unknown): object {
  if (typeof value === 'object' && value !== null) return value;
  throw damagedSchema('it is not an object');
}

function writtenBy(manifest: object): string {
  const versions: unknown = 'versions' in manifest ? manifest.versions : undefined;
  if (typeof versions !== 'object' || versions === null) return '';
  const list = Object.entries(versions).map(([name, version]) => `${name} ${String(version)}`);
  return list.length === 0 ? '' : ` (the run was written by ${list.join(', ')})`;
}

function damagedSchema(fault: string): StoreError {
  return new StoreError('damaged', `"manifest.json" is not a valid manifest: ${fault}.`, {
    key: 'manifest.json',
  });
}
