export interface ScoreFormat {
  readonly label: string;
  /** d3-format pattern for axes. */
  readonly picture: string;
  readonly print: (value: number) => string;
  /** Which end is the good one; unknown scores have none. */
  readonly better?: 'lower' | 'higher';
}

const percent = (value: number): string => `${(100 * value).toFixed(2)} %`;
const decimals = (value: number): string => value.toFixed(4);

const accuracy: ScoreFormat = {
  label: 'Accuracy',
  picture: '.1~%',
  print: percent,
  better: 'higher',
};

const known: Readonly<Record<string, ScoreFormat>> = {
  loss: { label: 'Loss', picture: '.3~g', print: decimals, better: 'lower' },
  mse: { label: 'Mean squared error', picture: '.3~g', print: decimals, better: 'lower' },
  acc: accuracy,
  accuracy,
  error: { label: 'Error', picture: '.2~%', print: percent, better: 'lower' },
  negativeLogLikelihoodCalibrated: {
    label: 'Negative log-likelihood, calibrated',
    picture: '.3~g',
    print: decimals,
    better: 'lower',
  },
  eceCalibrated: {
    label: 'Calibration error (ECE), calibrated',
    picture: '.2~%',
    print: percent,
    better: 'lower',
  },
  negativeLogLikelihood: {
    label: 'Negative log-likelihood, as trained',
    picture: '.3~g',
    print: decimals,
    better: 'lower',
  },
  unknownAuroc: {
    label: 'Unknown inputs found (AUROC)',
    picture: '.3~f',
    print: (value) => value.toFixed(3),
    better: 'higher',
  },
  temperature: { label: 'Temperature', picture: '.3~f', print: (value) => value.toFixed(2) },
  brier: { label: 'Brier score', picture: '.3~g', print: decimals, better: 'lower' },
  ece: {
    label: 'Calibration error (ECE), as trained',
    picture: '.2~%',
    print: percent,
    better: 'lower',
  },
};

const validationPrefix = 'val_';

/** How a score is written; unknown names are shown as they are. */
export function scoreFormat(name: string): ScoreFormat {
  const format = known[name.replace(validationPrefix, '')];
  if (format === undefined)
    return { label: name, picture: '.3~g', print: (value) => String(Number(value.toPrecision(5))) };
  return name.startsWith(validationPrefix)
    ? { ...format, label: `${format.label}, validation` }
    : format;
}
