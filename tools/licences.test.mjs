// @ts-check
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { licences, notAllowed } from './licences.mjs';

describe('licences', () => {
  it('of everything that our packages bring along are allowed', () => {
    const lock = JSON.parse(readFileSync(new URL('../package-lock.json', import.meta.url), 'utf8'));
    const found = licences(lock);
    expect(found['MIT']?.length).toBeGreaterThan(50);
    expect(
      Object.fromEntries(notAllowed(found).map((licence) => [licence, found[licence]])),
    ).toEqual({});
  });

  it('that are not are named', () => {
    const lock = {
      packages: {
        'node_modules/free': { version: '1.0.0', license: '(MIT OR GPL-3.0)' },
        'node_modules/bound': { version: '2.0.0', license: 'GPL-3.0' },
        'node_modules/tool': { version: '1.0.0', license: 'GPL-3.0', dev: true },
        'a/node_modules/silent': { version: '1.0.0' },
      },
    };
    const found = licences(lock);
    expect(found).toEqual({
      '(MIT OR GPL-3.0)': ['free@1.0.0'],
      'GPL-3.0': ['bound@2.0.0'],
      unknown: ['silent@1.0.0'],
    });
    expect(notAllowed(found)).toEqual(['GPL-3.0', 'unknown']);
  });
});
