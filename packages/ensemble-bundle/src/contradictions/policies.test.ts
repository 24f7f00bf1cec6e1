import { describe, it } from 'vitest';
import { expectRefused, manifest, policy, withPolicy } from '../../test/manifests.ts';

describe('policies', () => {
  it.each<[string, object, RegExp]>([
    ['a member index too high', withPolicy({ members: [0, 2] }), /distinct and below 2/],
    ['a member taken twice', withPolicy({ members: [1, 1] }), /distinct and below 2/],
    ['weights that sum to 2', withPolicy({ weights: [1, 1] }), /sum to 2/],
    ['too few weights', withPolicy({ weights: [1] }), /1 weights for 2 members/],
    ['temperature 0', withPolicy({ temperature: 0 }), /temperature/],
    [
      'a rule of the other kind',
      withPolicy({ combine: 'mean' }),
      /"mean" does not fit kind "probabilities"/,
    ],
    [
      'a cascade that skips a member',
      withPolicy({ cascade: { order: [0, 0], thresholds: [0.9] } }),
      /each of 0 … 1 once/,
    ],
    [
      'a cascade without thresholds',
      withPolicy({ cascade: { order: [1, 0], thresholds: [] } }),
      /must be 1 numbers/,
    ],
    ['alpha 1', withPolicy({ conformal: { method: 'split', alpha: 1, threshold: 1 } }), /alpha/],
    ['an output without policy', { ...manifest, policy: {} }, /output "probs" has none/],
    [
      'a policy for nothing',
      { ...manifest, policy: { ...manifest.policy, other: policy } },
      /policy.other/,
    ],
    [
      'a key that nobody knows, deep inside',
      withPolicy({ temprature: 2 }),
      /policy.probs.temprature/,
    ],
    ['infinity in a weight', withPolicy({ weights: [Infinity, 0] }), /weights.0/],
    [
      'a binary output of three',
      withPolicy({ kind: 'binary' }),
      /"binary" needs 1 value a row, it has 3/,
    ],
    [
      'conformal without a set',
      withPolicy({ conformal: { method: 'split', alpha: 0.1, threshold: 1 } }),
      /no output has role "conformal_set"/,
    ],
    [
      'abstain without an output',
      withPolicy({ abstain: { score: 'entropy', threshold: 1, share: 0 } }),
      /no output has role "abstain"/,
    ],
    [
      'energy as a reason to abstain',
      withPolicy({ abstain: { score: 'energy', threshold: 1, share: 0 } }),
      /"energy" needs kind "logits"/,
    ],
    [
      'intervals of classes',
      withPolicy({ conformal: { method: 'absolute', alpha: 0.1, threshold: 1 } }),
      /"absolute" does not fit/,
    ],
    [
      'too few thresholds of classes',
      withPolicy({ conformal: { method: 'aps', alpha: 0.1, threshold: 1, classThresholds: [1] } }),
      /1 entries for 3 classes/,
    ],
  ])('refuses %s', (_, json, message) => {
    expectRefused(json, message);
  });
});
