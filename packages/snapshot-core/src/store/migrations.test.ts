import { describe, expect, it } from 'vitest';
import type { StoreError } from '../store-error.ts';
import { migrate, migrations, type Migration } from './migrations.ts';
import { schemaVersion } from './manifest.ts';

const steps: ReadonlyMap<number, Migration> = new Map<number, Migration>([
  [1, (manifest) => ({ ...manifest, second: true })],
  [2, (manifest) => ({ ...manifest, third: 'second' in manifest })],
]);

describe('migrate', () => {
  it('goes through every schema in turn', () => {
    expect(migrate({ schemaVersion: 1, name: 'a' }, steps, 3)).toEqual({
      schemaVersion: 3,
      name: 'a',
      second: true,
      third: true,
    });
    expect(migrate({ schemaVersion: 2 }, steps, 3)).toEqual({ schemaVersion: 3, third: false });
  });

  it('leaves the current schema alone', () => {
    const manifest = { schemaVersion: 3 };
    expect(migrate(manifest, steps, 3)).toBe(manifest);
  });

  it.each([
    [{ schemaVersion: 4 }, 'newer-schema'],
    [{ schemaVersion: 0 }, 'damaged'],
    [{ schemaVersion: -1e15 }, 'damaged'],
    [{ schemaVersion: 1.5 }, 'damaged'],
    [{}, 'damaged'],
    [null, 'damaged'],
    ['text', 'damaged'],
  ])('refuses %j as %s', (manifest, code) => {
    expect.assertions(1);
    try {
      migrate(manifest, steps, 3);
    } catch (error) {
      expect((error as StoreError).code).toBe(code);
    }
  });

  it('has a step for every schema before the current one', () => {
    expect([...migrations.keys()]).toEqual(
      Array.from({ length: schemaVersion - 1 }, (_, index) => index + 1),
    );
  });
});
