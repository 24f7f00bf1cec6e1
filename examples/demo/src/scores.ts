import {
  applyTemperature,
  combine,
  errorRate,
  fitTemperature,
  judgeEnsemble,
  type Labels,
  nll,
  type Outcome,
  type Outputs,
  pickMembers,
  type Predictions,
} from '@snapshot-ensemble/ensemble-math';
import { found, findsMore, type Suspicion } from './unknown.ts';

const kind = 'probabilities';

/** A model's predictions on the test images, as trained and with a temperature from the validation images. */
export interface Contestant {
  readonly name: string;
  readonly raw: Outputs;
  readonly calibrated: Outputs;
  readonly temperature: number;
  /** By which it tells unknown inputs from known ones. */
  readonly suspicion: Suspicion;
}

export function contestant(
  name: string,
  onValidation: { readonly outputs: Outputs; readonly labels: Labels },
  raw: Outputs,
  suspicion: Suspicion,
): Contestant {
  const temperature = fitTemperature(onValidation.outputs, onValidation.labels, { kind });
  return {
    name,
    raw,
    calibrated: applyTemperature(raw, temperature, { kind }),
    temperature,
    suspicion,
  };
}

/** The mean of the last `size` members: Huang et al. 2017, §3. */
export function meanOfLast(members: Predictions, size: number): Outputs {
  const count = members.members.length;
  const positions = Array.from({ length: size }, (_, index) => count - size + index);
  return combine(pickMembers(members, positions), 'meanProbabilities', { kind });
}

/** Errors among the rows with the highest probabilities, `coverage` of all. */
export function errorOfSurest(
  { data, rows, classes }: Outputs,
  labels: Labels,
  coverage: number,
): number {
  const confidence = Array.from({ length: rows }, (_, row) => {
    const ofRow = data.subarray(row * classes, (row + 1) * classes);
    const largest = Math.max(...ofRow);
    return { largest, isWrong: ofRow.indexOf(largest) !== labels[row] };
  });
  const kept = confidence
    .toSorted((a, b) => b.largest - a.largest)
    .slice(0, Math.round(coverage * rows));
  return kept.filter(({ isWrong }) => isWrong).length / kept.length;
}

const percent = (share: number): string => `${(100 * share).toFixed(2)} %`;

/** The table as text, columns aligned; every column says whether it is raw or calibrated. */
export function formatTable(contestants: readonly Contestant[], labels: Labels): string {
  return aligned([
    ['', 'error', 'on the surest 90 %', 'NLL raw', 'NLL calibrated', 'temperature', 'digits found'],
    ...contestants.map(({ name, raw, calibrated, temperature, suspicion }) => [
      name,
      percent(errorRate(raw, labels)),
      percent(errorOfSurest(raw, labels, 0.9)),
      nll(raw, labels).toFixed(4),
      nll(calibrated, labels).toFixed(4),
      temperature.toFixed(2),
      `${found(suspicion).toFixed(3)} (${suspicion.name})`,
    ]),
  ]);
}

const outcomes: Readonly<Record<Outcome, string>> = {
  better: 'better',
  noClearDifference: 'no clear difference',
  worse: 'worse',
  tooFewRows: 'too few images to tell',
};

/** Four questions, each answered with better, no clear difference or worse, and the interval that says so. */
export function verdicts(ours: Contestant, theirs: Contestant, labels: Labels): string {
  const against = theirs.name;
  const { contestants } = judgeEnsemble(ours, [{ ...theirs, against }], labels, { kind });
  const questions: Readonly<Record<string, string>> = {
    error: 'errors',
    nllRaw: 'likelihood, raw',
    nllCalibrated: 'likelihood, calibrated',
  };
  const rows = contestants[0]!.comparisons.map(({ measure, gain, outcome }) => {
    const [scale, digits, unit] = measure === 'error' ? [100, 2, ' points'] : [1, 4, ''];
    const show = (value: number) => (scale * value).toFixed(digits);
    return [
      `  ${questions[measure]}`,
      outcomes[outcome],
      `${show(Math.abs(gain.estimate))}${unit} ${gain.estimate < 0 ? 'higher' : 'lower'} (gain ${show(gain.lower)} to ${show(gain.upper)})`,
    ];
  });
  const { gain, lower, upper } = findsMore(ours.suspicion, theirs.suspicion);
  const outcome = lower > 0 ? 'better' : upper < 0 ? 'worse' : 'noClearDifference';
  rows.push([
    '  unknown inputs found',
    outcomes[outcome],
    `AUROC ${Math.abs(gain).toFixed(3)} ${gain < 0 ? 'lower' : 'higher'} (gain ${lower.toFixed(3)} to ${upper.toFixed(3)})`,
  ]);
  return aligned(rows, 'left');
}

function aligned(
  cells: readonly (readonly string[])[],
  others: 'left' | 'right' = 'right',
): string {
  const widths = cells[0]!.map((_, column) => Math.max(...cells.map((row) => row[column]!.length)));
  return cells
    .map((row) =>
      row
        .map((cell, column) =>
          column === 0 || others === 'left'
            ? cell.padEnd(widths[column]!)
            : cell.padStart(widths[column]!),
        )
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}
