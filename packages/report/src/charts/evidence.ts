import type {
  Agreement,
  CascadeCost,
  InterpolatedScore,
  ReliabilityDiagram,
  RiskCurve,
} from '../evidence.ts';
import type { PictureSpec } from '../render-svg.ts';
import { quantitative } from './quantitative.ts';

const size = { width: 800, height: 280 };

/** The error among the surest rows against the share of rows answered, one line for each model. */
export function riskCoverageChart(curves: readonly RiskCurve[]): PictureSpec {
  const values = curves.flatMap(({ name, points }) =>
    points.map(({ coverage, risk }) => ({ name, coverage, risk })),
  );
  const domain = curves.map(({ name }) => name);
  return {
    ...size,
    data: { values },
    mark: { type: 'line', strokeWidth: 2.5, opacity: 1 },
    encoding: {
      x: quantitative('coverage', 'share of the rows that are answered, the surest first', '.0%'),
      y: quantitative('risk', 'error among them', '.1~%'),
      color: { field: 'name', type: 'nominal', scale: { domain } },
      strokeDash: { field: 'name', type: 'nominal', scale: { domain, range: dashes } },
    },
  };
}

/** How often a prediction of a given confidence is right, before and after the temperature. */
export function reliabilityChart({ before, after }: ReliabilityDiagram): PictureSpec {
  const values = Object.entries({ 'as trained': before, calibrated: after }).flatMap(
    ([model, rows]) =>
      rows
        .filter(({ count }) => count > 0)
        .map(({ confidence, accuracy, count }) => ({ model, confidence, accuracy, count })),
  );
  const unit = { scale: { domain: [0, 1] } };
  const x = { ...quantitative('confidence', 'confidence', '.0%'), ...unit };
  const y = { ...quantitative('accuracy', 'share that is correct', '.0%'), ...unit };
  const color = {
    field: 'model',
    type: 'nominal',
    scale: { domain: ['as trained', 'calibrated'] },
  };
  const diagonal = [0, 1].map((at) => ({ confidence: at, accuracy: at }));
  return {
    width: 400,
    height: 320,
    layer: [
      { data: { values: diagonal }, mark: { type: 'line', style: 'restart' }, encoding: { x, y } },
      { data: { values }, mark: { type: 'line', opacity: 1 }, encoding: { x, y, color } },
      {
        data: { values },
        mark: { type: 'point', filled: true, opacity: 1, size: 60 },
        encoding: { x, y, color, shape: { ...color, scale: { ...color.scale, range: shapes } } },
      },
    ],
  };
}

/** Every pair of members: the darker, the more rows they disagree on. */
export function agreementChart({ members, disagreement }: Agreement): PictureSpec {
  const values = disagreement.flatMap((row, i) =>
    row.map((share, j) => ({ a: members[i], b: members[j], share })),
  );
  const axis = (field: string) => ({
    field,
    type: 'nominal',
    sort: null,
    title: null,
    scale: { domain: members },
    axis: { labelAngle: 0 },
  });
  const largest = Math.max(...values.map(({ share }) => share), 1e-9);
  const opacity = {
    field: 'share',
    type: 'quantitative',
    scale: { domain: [0, largest], range: [0, 0.55] },
    legend: null,
  };
  const encoding = { x: axis('a'), y: axis('b') };
  return {
    width: 60 * members.length,
    height: 34 * members.length,
    data: { values },
    layer: [
      { mark: { type: 'rect', stroke: null }, encoding: { ...encoding, fillOpacity: opacity } },
      {
        mark: { type: 'text', style: 'mapLabel' },
        encoding: { ...encoding, text: { field: 'share', type: 'quantitative', format: '.1%' } },
      },
    ],
  };
}

/** Accuracy against the members that a row costs on average. */
export function cascadeChart(settings: readonly CascadeCost[]): PictureSpec {
  const x = quantitative('cost', 'members run for a row, on average', '.1~f');
  const y = quantitative('accuracy', 'accuracy', '.1~%');
  return {
    ...size,
    data: { values: settings },
    encoding: { x, y },
    layer: [
      { mark: { type: 'line', opacity: 1 } },
      { mark: { type: 'point', filled: true, opacity: 1, size: 80 } },
      {
        mark: { type: 'text', align: 'right', dy: 16 },
        encoding: { text: { field: 'name', type: 'nominal' } },
      },
    ],
  };
}

/** A score along the line between the weights of consecutive members. */
export function interpolationChart(
  lines: readonly InterpolatedScore[],
  label: { readonly label: string; readonly picture: string },
): PictureSpec {
  const values = lines.flatMap(({ name, points }) => points.map((point) => ({ name, ...point })));
  const domain = lines.map(({ name }) => name);
  return {
    ...size,
    data: { values },
    mark: { type: 'line', strokeWidth: 2, opacity: 1 },
    encoding: {
      x: quantitative('share', 'share of the newer member in the weights', '.1~f'),
      y: quantitative('value', label.label, label.picture),
      color: { field: 'name', type: 'nominal', title: 'members', scale: { domain } },
      strokeDash: { field: 'name', type: 'nominal', scale: { domain, range: dashes } },
    },
  };
}

/** So that no two lines differ by color alone. */
const dashes = [
  [1, 0],
  [6, 4],
  [2, 2],
  [8, 3, 2, 3],
  [12, 3],
  [4, 2, 1, 2],
  [1, 3],
];
const shapes = ['circle', 'square'];
