import {
  applyPolicy,
  brier,
  ece,
  errorRate,
  evaluateEnsemble,
  type EvaluateOptions,
  type Labels,
  meanPolicy,
  memberOutputs,
  nll,
  type Outputs,
  type Predictions,
} from '@snapshot-ensemble/ensemble-math';
import type { ResultRow } from '@snapshot-ensemble/report';

/** One line per model: the rival, each member, the ensembles of the last 1…M. Scores on the rows of `labels`. */
export function scoreRows(
  rival: { readonly name: string; readonly outputs: Outputs },
  members: Predictions,
  labels: Labels,
): ResultRow[] {
  const count = members.members.length;
  return [
    { kind: 'single', name: `single model, ${rival.name}`, scores: scores(rival.outputs, labels) },
    ...Array.from({ length: count }, (_, index): ResultRow => {
      const outputs = memberOutputs(members, index);
      return { kind: 'member', name: `member ${index + 1}`, scores: scores(outputs, labels) };
    }),
    ...Array.from({ length: count }, (_, index): ResultRow => {
      const size = index + 1;
      const name = `ensemble of the last ${size}`;
      return { kind: 'ensemble', name, size, scores: scores(lastMembers(members, size), labels) };
    }),
  ];
}

/** The mean of the last `size` members: Huang et al. 2017, §3. */
export function lastMembers(members: Predictions, size: number): Outputs {
  const count = members.members.length;
  const last = Array.from({ length: size }, (_, index) => count - size + index);
  return applyPolicy(meanPolicy('probabilities', last), members).outputs;
}

function scores(outputs: Outputs, labels: Labels): ResultRow['scores'] {
  return {
    error: errorRate(outputs, labels),
    negativeLogLikelihood: nll(outputs, labels),
    brier: brier(outputs, labels),
    ece: ece(outputs, labels),
  };
}

/** The table as text, columns aligned. */
export function formatTable(rows: readonly ResultRow[]): string {
  const cells = [
    ['', 'error', 'NLL', 'Brier', 'ECE'],
    ...rows.map(({ name, scores: { error, negativeLogLikelihood, brier, ece } }) => [
      name,
      `${(100 * error!).toFixed(2)} %`,
      negativeLogLikelihood!.toFixed(4),
      brier!.toFixed(4),
      ece!.toFixed(4),
    ]),
  ];
  const widths = cells[0]!.map((_, column) => Math.max(...cells.map((row) => row[column]!.length)));
  return cells
    .map((row) =>
      row
        .map((cell, column) =>
          column === 0 ? cell.padEnd(widths[0]!) : cell.padStart(widths[column]!),
        )
        .join('  '),
    )
    .join('\n');
}

/** Which of the two has the smaller error on the same images, in one sentence; equal is said too. */
export function winner(rows: readonly ResultRow[]): string {
  const single = rows.find(({ kind }) => kind === 'single')!;
  const ensemble = rows.at(-1)!;
  const [ours, theirs] = [ensemble.scores['error']!, single.scores['error']!];
  const percent = (error: number) => `${(100 * error).toFixed(2)} %`;
  if (ours === theirs)
    return `The ${ensemble.name} and the ${single.name} make equally many errors, ${percent(ours)}.`;
  const [better, worse] = ours < theirs ? [ensemble, single] : [single, ensemble];
  return `The ${better.name} makes fewer errors than the ${worse.name}: ${percent(better.scores['error']!)} against ${percent(worse.scores['error']!)}.`;
}

/**
 * Whether the ensemble's gains are more than chance: errors, likelihood as trained, and likelihood after each side got a
 * temperature from the validation images.
 */
export function verdicts(options: Omit<EvaluateOptions, 'kind' | 'verdict' | 'policy'>): string {
  const { verdict } = evaluateEnsemble({ kind: 'probabilities', ...options });
  return verdict.text.replaceAll(/(?<=[;:.]) (?=(against|error|NLL) )/gi, '\n  ');
}
