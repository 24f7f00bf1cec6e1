import {
  agreementChart,
  cascadeChart,
  interpolationChart,
  reliabilityChart,
  riskCoverageChart,
} from './charts/evidence.ts';
import { unknownInputsChart } from './charts/unknown-inputs.ts';
import type { Evidence } from './evidence.ts';
import { count } from './numbers.ts';
import type { Picture } from './picture.ts';
import { scoreFormat } from './scores.ts';
import { plainTable } from './tables.ts';

const percent = (value: number): string => `${(100 * value).toFixed(2)} %`;

/** The pictures of an evaluation, each where there is data for it. `data` says on which rows. */
export function evidencePictures(evidence: Evidence, data: string): readonly Picture[] {
  return [
    ...unknownInputs(evidence),
    ...riskCoverage(evidence, data),
    ...reliability(evidence, data),
    ...agreement(evidence, data),
    ...cascade(evidence, data),
    ...interpolation(evidence, data),
  ];
}

function unknownInputs({ unknownInputs: models = [] }: Evidence): readonly Picture[] {
  const [first] = models;
  if (first === undefined) return [];
  const { known, unknown, names } = first;
  return [
    {
      file: 'unknown-inputs.svg',
      heading: 'Inputs of a kind never seen',
      caption: `How unsure each model is about ${count(known.length)} ${names.known} and about ${count(unknown.length)} ${names.unknown}, which it never saw: the less the two overlap, the better it tells them apart. A dotted line is where the server refuses an answer.`,
      spec: unknownInputsChart(models),
    },
  ];
}

function riskCoverage({ riskCoverage: curves = [] }: Evidence, data: string): readonly Picture[] {
  if (curves.length === 0) return [];
  const shares = [0.5, 0.8, 0.9, 1];
  const at = (coverage: number, points: (typeof curves)[number]['points']): string => {
    const last = points.findLast((point) => point.coverage <= coverage + 1e-9);
    return last === undefined ? '–' : percent(last.risk);
  };
  return [
    {
      file: 'risk-coverage.svg',
      heading: 'Error among the surest rows',
      caption: `A model may hold back where it is unsure: the error on ${data} among those that it answers.`,
      spec: riskCoverageChart(curves),
      numbers: plainTable(curves, [
        { title: 'Model', cell: ({ name }) => name },
        ...shares.map((share) => ({
          title: `surest ${100 * share} %`,
          cell: ({ points }: (typeof curves)[number]) => at(share, points),
        })),
      ]),
    },
  ];
}

function reliability({ reliability: diagram }: Evidence, data: string): readonly Picture[] {
  if (diagram === undefined) return [];
  const rows = Object.entries({ 'as trained': diagram.before, calibrated: diagram.after }).flatMap(
    ([model, bins]) => bins.filter((bin) => bin.count > 0).map((bin) => ({ model, ...bin })),
  );
  return [
    {
      file: 'reliability.svg',
      heading: 'Whether its confidence can be believed',
      caption: `How often the ensemble is right on ${data}, by its confidence, as trained and after calibration. On the dotted line the two agree.`,
      spec: reliabilityChart(diagram),
      numbers: plainTable(rows, [
        { title: 'Prediction', cell: ({ model }) => model },
        { title: 'Mean confidence', cell: ({ confidence }) => percent(confidence) },
        { title: 'Right', cell: ({ accuracy }) => percent(accuracy) },
        { title: 'Rows', cell: (row) => count(row.count) },
      ]),
    },
  ];
}

function agreement({ agreement: pairs }: Evidence, data: string): readonly Picture[] {
  if (pairs === undefined) return [];
  return [
    {
      file: 'agreement.svg',
      heading: 'How often members disagree',
      caption: `Share of ${data} on which two members choose different classes.`,
      spec: agreementChart(pairs),
    },
  ];
}

function cascade({ cascade: settings = [] }: Evidence, data: string): readonly Picture[] {
  if (settings.length === 0) return [];
  return [
    {
      file: 'cascade.svg',
      heading: 'Accuracy against cost',
      caption: `Members run one after the other until the running mean is sure enough: accuracy on ${data} against the members that a row costs.`,
      spec: cascadeChart(settings),
      numbers: plainTable(settings, [
        { title: 'Setting', cell: ({ name }) => name },
        { title: 'Members a row', cell: ({ cost }) => cost.toFixed(2) },
        { title: 'Accuracy', cell: ({ accuracy }) => percent(accuracy) },
      ]),
    },
  ];
}

function interpolation({ interpolation: lines = [] }: Evidence, data: string): readonly Picture[] {
  if (lines.length === 0) return [];
  return [
    {
      file: 'interpolation.svg',
      heading: 'Between one member and the next',
      caption: `Error on ${data} of networks on the straight line between the weights of consecutive members. A hill between two members says that the restart left the valley: they are different solutions (Huang et al. 2017, figure 4).`,
      spec: interpolationChart(lines, scoreFormat('error')),
    },
  ];
}
