import { ensembleSizeChart } from './charts/ensemble-size.ts';
import { historyChart } from './charts/history.ts';
import { learningRateChart } from './charts/learning-rate.ts';
import { evidencePictures } from './evidence-pictures.ts';
import { count, rate } from './numbers.ts';
import type { RunReport } from './run.ts';
import { scoreFormat } from './scores.ts';
import { historyTable, plainTable } from './tables.ts';
import type { Picture } from './picture.ts';

/** The pictures that the run has data for. */
export function picturesOf(run: RunReport): readonly Picture[] {
  const data = run.results?.data ?? 'the held-out rows';
  return [
    ...evidencePictures(run.evidence ?? {}, data),
    ...ensembleSize(run),
    learningRate(run),
    ...training(run),
  ];
}

function learningRate({ plan, schedule, snapshots }: RunReport): Picture {
  const rates = plan.cycles.map(({ start, end }, index) =>
    typeof schedule === 'function'
      ? { first: schedule(start), last: schedule(end - 1) }
      : { first: schedule[index]?.lrMax, last: schedule[index]?.lrEnd },
  );
  const caption = `${count(plan.cycles.length)} cycles in ${count(plan.totalSteps)} steps. Dotted lines are restarts, diamonds the ${count(snapshots.length)} snapshots.`;
  const hint = ' Only the points were recorded; a dashed line joins those of one cycle.';
  return {
    file: 'learning-rate.svg',
    heading: 'Learning rate',
    caption: typeof schedule === 'function' ? caption : caption + hint,
    spec: learningRateChart({ plan, schedule, snapshots }),
    numbers: plainTable(plan.cycles, [
      { title: 'Cycle', cell: ({ index }) => count(index + 1) },
      { title: 'First step', cell: ({ start }) => count(start) },
      { title: 'Last step', cell: ({ end }) => count(end - 1) },
      { title: 'First learning rate', cell: ({ index }) => rate(rates[index]?.first) },
      { title: 'Last learning rate', cell: ({ index }) => rate(rates[index]?.last) },
      { title: 'Snapshot', cell: ({ end }) => (snapshots.includes(end) ? 'yes' : 'no') },
    ]),
  };
}

function training({ history = [], plan, stepsPerEpoch }: RunReport): readonly Picture[] {
  if (history.length === 0) return [];
  const restarts = stepsPerEpoch === undefined ? '' : ' Dotted lines are restarts.';
  return [
    {
      file: 'training.svg',
      heading: 'Training',
      caption: `Training and validation metrics after each of ${count(history.length)} epochs.${restarts}`,
      spec: historyChart({ history, plan, ...(stepsPerEpoch !== undefined && { stepsPerEpoch }) }),
      numbers: historyTable(history),
    },
  ];
}

function ensembleSize({ results }: RunReport): readonly Picture[] {
  if (!results?.rows.some(({ kind }) => kind === 'ensemble')) return [];
  const { headline = 'error' } = results;
  const hasAll = (score: string): boolean =>
    results.rows.every(({ kind, scores }) => kind === 'member' || scores[score] !== undefined);
  const others = headline === 'error' ? likelihoods.filter(hasAll).slice(0, 1) : [];
  return [headline, ...others].map((score) => {
    const { label } = scoreFormat(score);
    const bars = results.rows.some((row) => row.intervals?.[score] !== undefined)
      ? ' Bars are 95 % intervals.'
      : '';
    return {
      file: score === headline ? 'ensemble-size.svg' : 'ensemble-size-likelihood.svg',
      heading: `${label} against ensemble size`,
      caption: `${label} on ${results.data} of the mean of the last m members, of each member alone, and of the single models (dashed).${bars}`,
      spec: ensembleSizeChart(results, score),
    };
  });
}

/** Which is drawn beside the error: the calibrated one where it is known. */
const likelihoods = ['negativeLogLikelihoodCalibrated', 'negativeLogLikelihood'] as const;
