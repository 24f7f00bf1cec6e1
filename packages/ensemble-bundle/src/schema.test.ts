import * as v from 'valibot';
import { describe, expect, it } from 'vitest';
import { manifest, policy } from '../test/manifests.ts';
import { policySchema, preprocessSchema, toManifestJson } from './index.ts';

describe('policySchema', () => {
  it('reads a policy as a manifest holds it, thresholds that JSON cannot hold included', () => {
    const fitted = {
      ...policy,
      abstain: { score: 'energy', threshold: -Infinity, share: 0 },
    } as const;
    const json = toManifestJson({ ...manifest, policy: { probs: fitted } }).policy['probs'];
    expect(v.parse(policySchema, JSON.parse(JSON.stringify(json)))).toEqual(fitted);
  });

  it.each([[{ ...policy, later: 1 }], [{ ...policy, temperature: 0 }], [undefined]])(
    'refuses %j',
    (json) => {
      expect(v.safeParse(policySchema, json).success).toBe(false);
    },
  );
});

it('preprocessSchema reads what is done to pixels, and nothing else', () => {
  const steps = { layout: 'nhwc', scale: 1 / 255, mean: [0.5], deviation: [0.25] };
  expect(v.parse(preprocessSchema, steps)).toEqual(steps);
  expect(v.safeParse(preprocessSchema, { ...steps, crop: 4 }).success).toBe(false);
});
