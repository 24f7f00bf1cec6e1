import { anneal, equalCycles } from '@snapshot-ensemble/schedules';
import type { ResultRow, RunReport } from '../src/index.ts';

const plan = equalCycles({ totalSteps: 60, cycles: 3 });

const row = (kind: ResultRow['kind'], name: string, error: number): ResultRow => ({
  kind,
  name,
  scores: { error, negativeLogLikelihood: 3 * error },
});

/** A run of three cycles with everything that a report can tell; override what a test is about. */
export function exampleRun(change: Partial<RunReport> = {}): RunReport {
  return {
    title: 'Digits',
    verdict: 'The ensemble won.',
    facts: [{ name: 'Seed', value: '7' }],
    plan,
    schedule: anneal(plan, { lrInit: 0.1, lrMultiplier: 0.9 }),
    snapshots: [20, 40, 60],
    history: [
      { epoch: 0, metrics: { loss: 0.5, val_loss: 0.4, acc: 0.8, val_acc: 0.85 } },
      { epoch: 1, metrics: { loss: 0.3, val_loss: 0.35, acc: 0.9, val_acc: 0.88 } },
    ],
    stepsPerEpoch: 30,
    results: {
      data: 'the 100 test images',
      rows: [
        row('single', 'Single model', 0.15),
        row('member', 'Member 1', 0.3),
        row('member', 'Member 2', 0.2),
        row('member', 'Member 3', 0.18),
        { ...row('ensemble', 'Last 1', 0.18), size: 1 },
        { ...row('ensemble', 'Last 2', 0.14), size: 2 },
        { ...row('ensemble', 'Last 3', 0.16), size: 3 },
      ],
    },
    ...change,
  };
}
