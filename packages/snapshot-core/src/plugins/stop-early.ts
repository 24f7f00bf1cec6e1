import { checkOptions } from '@snapshot-ensemble/options';
import type { CyclePlan } from '@snapshot-ensemble/schedules';
import type { EpochResult, TrainingCallback } from '../protocol.ts';
import { metricOf, modeOf, type JudgedMetric } from './metric.ts';

/** By a metric of an epoch. */
export interface StopEarlyOptions extends JudgedMetric {
  /** Judgements without improvement before training stops. */
  readonly patience: number;
  /** How much better counts as an improvement. Default 0. */
  readonly minDelta?: number;
  /**
   * Judge only epochs in which a cycle of this plan ends. Without it every epoch is judged, and the rise after
   * a restart looks like a run that got worse.
   */
  readonly plan?: CyclePlan;
}

/** Stops training when a metric has not improved for a while. */
export function stopEarly(options: StopEarlyOptions): TrainingCallback {
  checkOptions('stopEarly', options, {
    ...{ metric: true, mode: true, patience: true, minDelta: true, plan: true },
  });
  const { metric, patience, minDelta = 0, plan } = options;
  const mode = modeOf(options, 'stopEarly');
  if (!Number.isSafeInteger(patience) || patience < 1 || !(minDelta >= 0)) {
    throw new RangeError(
      `stopEarly: patience is ${patience} and minDelta ${minDelta}; expected a whole number from 1 up, and a number from 0 up.`,
    );
  }
  let best = Number.NaN;
  let judgedInVain = 0;

  return {
    name: 'stop-early',
    onTrainBegin() {
      best = Number.NaN;
      judgedInVain = 0;
    },
    onEpochEnd(result, trainer) {
      if (plan !== undefined && !endsCycle(plan, result)) return;
      const value = metricOf(result.metrics, metric, 'stopEarly: an epoch');
      const gain = mode === 'min' ? best - value : value - best;
      const isFirst = Number.isNaN(best) && !Number.isNaN(value);
      if (isFirst || gain > minDelta) {
        best = value;
        judgedInVain = 0;
        return;
      }
      judgedInVain += 1;
      if (judgedInVain >= patience) trainer.stop();
    },
    // As text: JSON has no NaN and no infinities.
    saveState: () => ({ json: { best: String(best), judgedInVain } }),
    restoreState({ json }) {
      const saved = json as { readonly best: string; readonly judgedInVain: number };
      best = Number(saved.best);
      judgedInVain = saved.judgedInVain;
    },
  };
}

/** Whether a cycle ended with one of the epoch's steps. */
function endsCycle({ cycles }: CyclePlan, { step, stepsPerEpoch, epoch }: EpochResult): boolean {
  return cycles.some(({ end }) => end > epoch * stepsPerEpoch && end <= step + 1);
}
