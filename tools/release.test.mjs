// @ts-check
import { expect, it } from 'vitest';
import { missingFields } from './release.mjs';

const whole = {
  license: 'MIT',
  keywords: ['a'],
  repository: { type: 'git', url: 'git+https://example.com/repo.git', directory: 'packages/a' },
  homepage: 'https://example.com',
  bugs: 'https://example.com/issues',
  publishConfig: { access: 'public' },
};

it.each([
  ['nothing', whole, []],
  ['a repository', { ...whole, repository: undefined }, ['repository']],
  ['its folder', { ...whole, repository: { url: 'git+https://example.com' } }, ['repository']],
  ['access', { ...whole, publishConfig: {} }, ['publishConfig.access']],
  [
    'everything',
    {},
    ['repository', 'homepage', 'bugs', 'license', 'keywords', 'publishConfig.access'],
  ],
])('finds that a package.json lacks %s', (_, json, missing) => {
  expect(missingFields(json)).toEqual(missing);
});
