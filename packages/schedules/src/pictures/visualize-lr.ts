import { checkCount, checkFunction, checkOneOf } from '../check.ts';
import { checkOptions } from '../options.ts';
import type { CyclePlan } from '../plan.ts';
import type { Schedule } from '../schedule.ts';
import { sampleSteps } from './sample.ts';

const where = 'visualizeLR';

export interface VisualizeLROptions {
  /** Default none. */
  readonly title?: string;
  /** Counts the x axis in epochs of this many steps. Default: the axis counts steps. */
  readonly stepsPerEpoch?: number;
  /** A logarithmic y axis leaves out learning rates of 0. Default `'linear'`. */
  readonly scale?: 'linear' | 'log';
  /** About how many points the line has; cycle starts and ends come on top. Default 1000. */
  readonly points?: number;
  /** Plot area in pixels. Default 640. */
  readonly width?: number;
  /** Plot area in pixels. Default 240. */
  readonly height?: number;
}

/** A point of the picture: `x` is a step, or an epoch where `stepsPerEpoch` is given. */
export interface PicturePoint {
  readonly x: number;
  readonly step: number;
  readonly cycle?: number;
  readonly learningRate: number;
}

/** One layer of the picture. */
export interface PictureLayer {
  readonly data: { readonly values: readonly PicturePoint[] };
  readonly mark: Readonly<Record<string, unknown>>;
  readonly encoding: Readonly<Record<string, unknown>>;
}

/** A Vega-Lite 6 specification as plain JSON: `JSON.stringify` it, or hand it to `vegaLite.compile` or `vegaEmbed`. */
export interface VegaLiteSpec {
  readonly $schema: string;
  readonly title?: string;
  readonly width: number;
  readonly height: number;
  readonly layer: readonly PictureLayer[];
}

/**
 * A picture of the learning rate over the whole plan, drawn by calling the very function that trains: the line,
 * a dashed rule at each restart and a dot at each step after which a snapshot is taken.
 */
export function visualizeLR(
  schedule: Schedule,
  plan: CyclePlan,
  options: VisualizeLROptions = {},
): VegaLiteSpec {
  checkOptions(where, options, {
    title: true,
    stepsPerEpoch: true,
    scale: true,
    points: true,
    width: true,
    height: true,
  });
  checkFunction(where, 'schedule', schedule);
  const stepsPerUnit = checkCount(where, 'stepsPerEpoch', options.stepsPerEpoch ?? 1);
  const points = checkCount(where, 'points', options.points ?? 1000);
  const scale = checkOneOf(where, 'scale', options.scale ?? 'linear', ['linear', 'log']);
  const pointAt = (step: number): PicturePoint => ({
    x: step / stepsPerUnit,
    step,
    learningRate: schedule(step),
  });
  const isDrawn = ({ learningRate }: PicturePoint): boolean =>
    scale === 'linear' || learningRate > 0;
  const line = sampleSteps(plan, points).map(pointAt).filter(isDrawn);
  const restarts = plan.cycles
    .slice(1)
    .map(({ index, start }) => ({ ...pointAt(start), cycle: index }));
  const snapshots = plan.cycles.map(({ index, end }) => ({ ...pointAt(end - 1), cycle: index }));
  const x = axis('x', options.stepsPerEpoch === undefined ? 'step' : 'epoch');
  const y = { ...axis('learningRate', 'learning rate'), scale: { type: scale } };
  return {
    $schema: 'https://vega.github.io/schema/vega-lite/v6.json',
    ...(options.title === undefined ? {} : { title: options.title }),
    width: checkCount(where, 'width', options.width ?? 640),
    height: checkCount(where, 'height', options.height ?? 240),
    layer: [
      layer(restarts, { type: 'rule', strokeDash: [4, 4], opacity: 0.5 }, { x }, 'restart'),
      layer(line, { type: 'line', strokeWidth: 1.5 }, { x, y }, 'learning rate'),
      layer(
        snapshots.filter(isDrawn),
        { type: 'point', filled: true, size: 50 },
        { x, y },
        'snapshot',
      ),
    ],
  };
}

const colors = { 'learning rate': '#1f77b4', restart: '#7f7f7f', snapshot: '#d62728' };

function axis(field: string, title: string): Readonly<Record<string, unknown>> {
  return { field, type: 'quantitative', title };
}

function layer(
  values: readonly PicturePoint[],
  mark: PictureLayer['mark'],
  channels: PictureLayer['encoding'],
  name: keyof typeof colors,
): PictureLayer {
  const color = {
    datum: name,
    type: 'nominal',
    title: null,
    scale: { domain: Object.keys(colors), range: Object.values(colors) },
  };
  return {
    data: { values },
    mark: { ...mark, tooltip: { content: 'data' } },
    encoding: { ...channels, color },
  };
}
