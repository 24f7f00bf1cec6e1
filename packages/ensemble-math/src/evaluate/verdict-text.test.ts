import { expect, it } from 'vitest';
import { verdictText } from './verdict-text.ts';

it.each([
  [1, '1 row won and 2 lost'],
  [3, '3 rows won and 2 lost'],
])('counts %i row(s) in the right number', (wins, text) => {
  const gain = { estimate: 0.1, lower: 0, upper: 0.2 };
  const comparison = { measure: 'error', gain, outcome: 'better', wins, losses: 2 } as const;
  const contestants = [{ against: 'its best member', comparisons: [comparison] }];
  expect(verdictText({ rows: 600, confidence: 0.95, contestants })).toContain(text);
});
