import { joinStates, splitState, type NamedState } from './callback-states.ts';
import type {
  CallbackState,
  TrainBegin,
  Trainer,
  TrainingCallback,
  TrainResult,
} from './protocol.ts';

/** The callbacks of each chain, so that a chain in a chain is one long chain. */
const partsOf = new WeakMap<TrainingCallback, readonly TrainingCallback[]>();

/**
 * One callback that calls each of the given ones in turn, each hook awaited before the next. Its state is that of all
 * of them; a restored state is handed out once every callback has begun.
 */
export function chain(...links: readonly TrainingCallback[]): TrainingCallback {
  const callbacks = links.flatMap((link) => partsOf.get(link) ?? [link]);
  const named = withUniqueNames(callbacks);
  const begin = inTurn(callbacks, 'onTrainBegin');
  const end = inTurn(firstThings(callbacks), 'onTrainEnd');
  let isBeginning = false;
  let pending: CallbackState | undefined;
  const restorePending = async (): Promise<void> => {
    if (pending !== undefined) await restore(named, pending);
  };

  const self: TrainingCallback = {
    name: 'chain',
    async onTrainBegin(run: TrainBegin, trainer) {
      pending = undefined;
      isBeginning = true;
      try {
        await begin({ ...run, chain: run.chain ?? self }, trainer);
      } finally {
        isBeginning = false;
      }
      await restorePending();
    },
    onStepBegin: inTurn(callbacks, 'onStepBegin'),
    onStepEnd: inTurn(callbacks, 'onStepEnd'),
    onEpochEnd: inTurn(callbacks, 'onEpochEnd'),
    onTrainEnd: (result, trainer) =>
      result.outcome === 'failed' ? failAll(callbacks, result, trainer) : end(result, trainer),
    async saveState() {
      const states: NamedState[] = [];
      for (const [name, callback] of named) {
        const state = await callback.saveState?.();
        if (state !== undefined && state.json !== null) states.push({ name, state });
      }
      return joinStates(states);
    },
    restoreState(state) {
      if (!isBeginning) return restore(named, state);
      pending = state;
      return undefined;
    },
  };
  partsOf.set(self, callbacks);
  return self;
}

type HookName = 'onTrainBegin' | 'onStepBegin' | 'onStepEnd' | 'onEpochEnd' | 'onTrainEnd';
type Hook<Event> = (event: Event, trainer: Trainer) => void | Promise<void>;
type EventOf<Name extends HookName> = Parameters<NonNullable<TrainingCallback[Name]>>[0];

/**
 * Calls hooks one after the other. It runs twice a step: hooks that have nothing to wait for stay synchronous, hooks are
 * looked up once, and no closure in the loop makes the engine allocate for it.
 */
function inTurn<Name extends HookName>(
  callbacks: readonly TrainingCallback[],
  name: Name,
): Hook<EventOf<Name>> {
  const hooks = callbacks.flatMap((callback) => {
    const hook = callback[name] as Hook<EventOf<Name>> | undefined;
    return hook === undefined ? [] : [hook.bind(callback)];
  });
  const callFrom = (
    index: number,
    event: EventOf<Name>,
    trainer: Trainer,
  ): void | Promise<void> => {
    for (let next = index; next < hooks.length; next += 1) {
      const result = hooks[next]!(event, trainer);
      if (result !== undefined) return goOn(result, next + 1, event, trainer);
    }
    return undefined;
  };
  const goOn = (
    result: Promise<void>,
    next: number,
    event: EventOf<Name>,
    trainer: Trainer,
  ): Promise<void> => result.then(() => callFrom(next, event, trainer));
  return (event, trainer) => callFrom(0, event, trainer);
}

/** After a failure everyone is told, also if telling one of them fails. */
async function failAll(
  callbacks: readonly TrainingCallback[],
  result: TrainResult,
  trainer: Trainer,
): Promise<void> {
  const errors: unknown[] = [];
  for (const callback of callbacks) {
    try {
      await callback.onTrainEnd?.(result, trainer);
    } catch (error) {
      errors.push(error);
    }
  }
  if (errors.length > 0) throw errors[0];
}

function firstThings(callbacks: readonly TrainingCallback[]): readonly TrainingCallback[] {
  const rank = ({ endsFirst = false }: TrainingCallback): number => (endsFirst ? 0 : 1);
  return callbacks.toSorted((a, b) => rank(a) - rank(b));
}

type Named = ReadonlyMap<string, TrainingCallback>;

/** The callbacks that have a state, under their names; of several with one name the second is `name#2`, and so on. */
function withUniqueNames(callbacks: readonly TrainingCallback[]): Named {
  const named = new Map<string, TrainingCallback>();
  for (const callback of callbacks) {
    if (callback.saveState === undefined) continue;
    let name = callback.name;
    for (let copy = 2; named.has(name); copy += 1) name = `${callback.name}#${copy}`;
    named.set(name, callback);
  }
  return named;
}

async function restore(named: Named, state: CallbackState): Promise<void> {
  for (const { name, state: part } of splitState(state)) {
    const taker = named.get(name);
    if (taker?.restoreState === undefined) throw withoutTaker(name, [...named.keys()]);
    await taker.restoreState(part);
  }
}

function withoutTaker(name: string, known: readonly string[]): RangeError {
  return new RangeError(
    `The checkpoint holds the state of a callback "${name}", which is not in the chain (callbacks with a state there: ` +
      `${known.join(', ') || 'none'}). Resume with the callbacks that the run began with.`,
  );
}
