import type { Trainer, TrainingCallback } from './protocol.ts';

/** One callback that calls each of the given ones in turn, each hook awaited before the next. */
export function chain(...callbacks: readonly TrainingCallback[]): TrainingCallback {
  return {
    name: 'chain',
    onTrainBegin: inTurn(callbacks, 'onTrainBegin'),
    onStepBegin: inTurn(callbacks, 'onStepBegin'),
    onStepEnd: inTurn(callbacks, 'onStepEnd'),
    onEpochEnd: inTurn(callbacks, 'onEpochEnd'),
    onTrainEnd: inTurn(callbacks, 'onTrainEnd'),
  };
}

type HookName = Exclude<keyof TrainingCallback, 'name'>;
type Hook<Event> = (event: Event, trainer: Trainer) => void | Promise<void>;
type EventOf<Name extends HookName> = Parameters<NonNullable<TrainingCallback[Name]>>[0];

function inTurn<Name extends HookName>(
  callbacks: readonly TrainingCallback[],
  name: Name,
): Hook<EventOf<Name>> {
  const listeners = callbacks.filter((callback) => callback[name] !== undefined);
  const call = (index: number, event: EventOf<Name>, trainer: Trainer): void | Promise<void> => {
    for (let next = index; next < listeners.length; next += 1) {
      const hook = listeners[next] as Record<Name, Hook<EventOf<Name>>>;
      const result = hook[name](event, trainer);
      // Hooks that have nothing to wait for stay synchronous: this runs twice a step.
      if (result !== undefined) return result.then(() => call(next + 1, event, trainer));
    }
    return undefined;
  };
  return (event, trainer) => call(0, event, trainer);
}
