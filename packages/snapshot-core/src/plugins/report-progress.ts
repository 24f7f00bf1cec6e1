import { checkOptions } from '@snapshot-ensemble/options';
import type { Metrics, Progress, TrainingCallback } from '../protocol.ts';

/** How far a run is. */
export interface ProgressReport {
  readonly kind: 'begin' | 'step' | 'epoch' | 'end';
  /** Updates made so far. */
  readonly step: number;
  readonly totalSteps: number;
  /** The current epoch, from 0. */
  readonly epoch: number;
  /** Of an epoch, or of a step if they were asked for. */
  readonly metrics?: Metrics;
  readonly elapsedMs: number;
  /** At the pace so far; undefined before the first step. */
  readonly remainingMs?: number;
}

export interface ReportProgressOptions {
  /** Also report every time this many steps are done. Default never: only epochs. */
  readonly everySteps?: number;
  /** Read the metrics for those steps too; that waits for the device. Default false. */
  readonly withStepMetrics?: boolean;
  /** Milliseconds on any clock. Default `performance.now`. */
  readonly now?: () => number;
}

/** Tells a sink (a progress bar, a log, a page) how far the run is. */
export function reportProgress(
  sink: (report: ProgressReport) => void,
  options: ReportProgressOptions = {},
): TrainingCallback {
  checkOptions('reportProgress', options, { everySteps: true, withStepMetrics: true, now: true });
  const { everySteps = Number.POSITIVE_INFINITY, withStepMetrics = false } = options;
  const now = options.now ?? (() => performance.now());
  let begin = { at: 0, step: 0 };

  const report = (
    kind: ProgressReport['kind'],
    { epoch, totalSteps }: Progress,
    step: number,
    metrics?: Metrics,
  ): void => {
    const elapsedMs = now() - begin.at;
    const made = step - begin.step;
    sink({
      kind,
      step,
      totalSteps,
      epoch,
      elapsedMs,
      ...(metrics && { metrics }),
      ...(made > 0 && { remainingMs: (elapsedMs / made) * (totalSteps - step) }),
    });
  };

  return {
    name: 'report-progress',
    onTrainBegin(run) {
      begin = { at: now(), step: run.step };
      report('begin', run, run.step);
    },
    onStepEnd(result) {
      const updates = result.step + 1;
      if (updates % everySteps !== 0) return undefined;
      if (!withStepMetrics) {
        report('step', result, updates);
        return undefined;
      }
      return result.readMetrics().then((metrics) => {
        report('step', result, updates, metrics);
      });
    },
    onEpochEnd(result) {
      report('epoch', result, result.step + 1, result.metrics);
    },
    onTrainEnd(result) {
      report('end', result, result.step);
    },
  };
}
