import {
  anneal,
  cycleAt,
  equalCycles,
  type CyclePlan,
  type Schedule,
} from '@snapshot-ensemble/schedules';
import { predict, randomWeights, update, type Weights } from './network.ts';
import { spirals, type Point } from './spirals.ts';

export interface TrainOptions {
  readonly epochs: number;
  readonly cycles: number;
  readonly seed: number;
}

export interface Trained {
  readonly plan: CyclePlan;
  readonly schedule: Schedule;
  /** Weights at the end of each cycle, oldest first. */
  readonly snapshots: readonly Weights[];
  /** Log-loss on points not trained on: of each snapshot, and of their mean probability. */
  readonly logLosses: readonly number[];
  readonly ensembleLogLoss: number;
  readonly ensembleAccuracy: number;
}

const BATCH = 20;

/** Trains one network with warm restarts and takes a snapshot before each; the whole loop is here. */
export function train({ epochs, cycles, seed }: TrainOptions): Trained {
  const points = spirals(400, seed);
  const stepsPerEpoch = points.length / BATCH;
  const plan = equalCycles({ totalEpochs: epochs, stepsPerEpoch, cycles });
  const schedule = anneal(plan, { lrInit: 1 });
  const weights = randomWeights(seed);
  const snapshots: Weights[] = [];
  for (let step = 0; step < plan.totalSteps; step += 1) {
    const first = (step % stepsPerEpoch) * BATCH;
    update(weights, points.slice(first, first + BATCH), schedule(step));
    if (step === cycleAt(plan, step).end - 1) snapshots.push(weights.slice());
  }
  return { plan, schedule, snapshots, ...judge(snapshots, spirals(400, seed + 1)) };
}

function judge(
  snapshots: readonly Weights[],
  points: readonly Point[],
): Pick<Trained, 'logLosses' | 'ensembleLogLoss' | 'ensembleAccuracy'> {
  const mean = (values: readonly number[]): number =>
    values.reduce((sum, value) => sum + value, 0) / values.length;
  const loss = (predictOne: (point: Point) => number): number =>
    mean(
      points.map(
        (point) => -Math.log(point.label === 1 ? predictOne(point) : 1 - predictOne(point)),
      ),
    );
  const pooled = ({ x }: Point): number => mean(snapshots.map((weights) => predict(weights, x)));
  return {
    logLosses: snapshots.map((weights) => loss(({ x }) => predict(weights, x))),
    ensembleLogLoss: loss(pooled),
    ensembleAccuracy: mean(
      points.map((point) => Number(pooled(point) > 0.5 === (point.label === 1))),
    ),
  };
}
