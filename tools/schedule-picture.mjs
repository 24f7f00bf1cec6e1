// @ts-check
import { runReport } from '@snapshot-ensemble/report';
import { anneal, equalCycles } from '@snapshot-ensemble/schedules';

/** The picture at the top of the README: five cycles, their restarts and snapshots, as one SVG. */
export async function schedulePicture() {
  const plan = equalCycles({ totalSteps: 2_000, cycles: 5 });
  const files = await runReport({
    title: 'A cyclic learning rate with snapshots',
    plan,
    schedule: anneal(plan, { lrInit: 0.1 }),
    snapshots: plan.cycles.map(({ end }) => end),
  });
  return `${files['learning-rate.svg']}\n`;
}
