import { expect, it } from 'vitest';
import { exampleRun } from '../test/example-run.ts';
import { runReport, type RunReport } from './index.ts';

const row = { name: 'All', scores: {} };

it.each<[string, Partial<RunReport>, string]>([
  [
    'an empty plan',
    { plan: { totalSteps: 0, cycles: [] } },
    'runReport: plan.cycles is empty; a plan has at least one cycle.',
  ],
  [
    'a record of another run',
    { schedule: [{ start: 0, end: 60, lrMax: 1, lrEnd: 0 }] },
    'runReport: schedule records 1 cycles, plan has 3; they must be of the same run.',
  ],
  [
    'a snapshot beyond the end',
    { snapshots: [20, 61] },
    'runReport: snapshots holds 61; a snapshot is named by the steps made, an integer in [1, 60].',
  ],
  [
    'no steps in an epoch',
    { stepsPerEpoch: 0 },
    'runReport: stepsPerEpoch is 0; it must be positive.',
  ],
  [
    'unknown inputs without a finite score',
    {
      evidence: {
        unknownInputs: [
          {
            name: 'A',
            score: 's',
            known: [NaN],
            unknown: [1],
            names: { known: 'k', unknown: 'u' },
          },
        ],
      },
    },
    'runReport: evidence.unknownInputs of "A" needs one finite number or more as known; it has 1 values.',
  ],
  [
    'pairs of other members',
    { evidence: { agreement: { members: ['1', '2'], disagreement: [[0, 1]] } } },
    'runReport: evidence.agreement has 2 members, so disagreement must be 2 × 2.',
  ],
  [
    'an image of another size',
    {
      evidence: {
        disputed: { width: 2, height: 2, images: [{ pixels: [1], label: 'Coat', votes: '' }] },
      },
    },
    'runReport: evidence.disputed image "Coat" has 1 pixels; 2 × 2 needs 4.',
  ],
  [
    'an ensemble of unknown size',
    { results: { data: 'x', rows: [{ kind: 'ensemble', ...row }] } },
    'runReport: results row "All" is an ensemble without a size; give how many of the last members it holds.',
  ],
  [
    'an ensemble without the score that is drawn',
    {
      results: {
        data: 'x',
        rows: [{ kind: 'ensemble', name: 'All', size: 2, scores: { mse: 1 } }],
      },
    },
    'runReport: results row "All" has no score "error" to draw against the size; it has mse. Name one of them as results.headline.',
  ],
])('refuses %s', async (_, change, message) => {
  await expect(runReport(exampleRun(change))).rejects.toThrow(new RangeError(message));
});
