import type { Bundle } from '@snapshot-ensemble/ensemble-bundle';
import type { CoreBudget } from './cores/budget.ts';
import { checkGraph } from './check-graph.ts';
import { ensembleOf, type Ensemble } from './ensemble.ts';
import type { GraphSource, OpenExecutor } from './executor/port.ts';
import { openLane, type Lane } from './executor/supervisor.ts';
import type { Settings } from './options.ts';
import { planOf } from './scheduler/plan-of.ts';
import { createScheduler } from './scheduler/scheduler.ts';
import { createRecorder } from './stats.ts';

/** Where an ensemble runs. */
export interface ExecutionContext {
  readonly open: OpenExecutor;
  readonly cores: Pick<CoreBudget, 'take'>;
}

/** Opens a bundle that was read on executors of any kind. */
export async function openEnsemble(
  bundle: Bundle,
  settings: Settings,
  { open, cores }: ExecutionContext,
): Promise<Ensemble> {
  const { manifest } = bundle;
  const { device, workers, threads, spinning, watchdogMs } = settings;
  const recorder = createRecorder();
  const plan = planOf(manifest, settings.cascade);
  const graphs = plan.stages.map(({ graph }): GraphSource => ({
    key: graph,
    read: () => bundle.readFile(graph),
  }));
  // The first lanes are open before there is a scheduler to tell.
  const listener = { laneChanged: (): void => undefined };
  const startLane = (): Promise<Lane> =>
    openLane({
      name: manifest.name,
      open: () => open({ name: manifest.name, device, threads, spinning, graphs }),
      watchdogMs,
      onChange: () => {
        listener.laneChanged();
      },
      onRestart: () => {
        recorder.restart();
      },
      later,
    });
  const lanes = await all(Array.from({ length: workers }, startLane));
  try {
    for (const [index, { graph }] of plan.stages.entries())
      checkGraph(manifest, plan.expected(index), lanes[0]!.graphs[graph]!);
  } catch (error) {
    await Promise.all(lanes.map((lane) => lane.close()));
    throw error;
  }
  const scheduler = createScheduler({
    ...settings,
    manifest,
    plan,
    lanes,
    cores,
    recorder,
    now: () => performance.now(),
    later,
    defer,
    gather,
    stayAlive,
  });
  listener.laneChanged = () => {
    scheduler.laneChanged();
  };
  return ensembleOf({ bundle, plan, lanes, scheduler, recorder, settings });
}

/** All lanes, or none. */
async function all(starting: readonly Promise<Lane>[]): Promise<readonly Lane[]> {
  const attempts = await Promise.allSettled(starting);
  const lanes = attempts.flatMap((attempt) =>
    attempt.status === 'fulfilled' ? [attempt.value] : [],
  );
  for (const attempt of attempts)
    if (attempt.status === 'rejected') {
      await Promise.all(lanes.map((lane) => lane.close()));
      throw attempt.reason;
    }
  return lanes;
}

function defer(act: () => void): void {
  // Browsers have none.
  if (typeof setImmediate === 'function') setImmediate(act);
  else setTimeout(act, 0);
}

function gather(act: () => void): void {
  if (typeof setImmediate === 'function') setImmediate(act);
  // Timers of browsers are late by milliseconds; what is asked for in one go is there before a microtask.
  else queueMicrotask(act);
}

function stayAlive(): () => void {
  const timer = setInterval(() => undefined, LONGEST_MS);
  return () => {
    clearInterval(timer);
  };
}

// What timers can count to, 24 days.
const LONGEST_MS = 2 ** 31 - 1;

function later(act: () => void, ms: number): () => void {
  const timer = setTimeout(act, Math.min(Math.max(0, ms), LONGEST_MS));
  // In a browser a timer is a number.
  if (typeof timer === 'object') timer.unref();
  return () => {
    clearTimeout(timer);
  };
}
