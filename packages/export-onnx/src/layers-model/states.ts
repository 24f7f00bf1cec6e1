import type { GraphBuilder } from '../graph/builder.ts';
import type { Value } from '../graph/value.ts';
import { cleanName } from '../keras/clean-name.ts';
import type { StateMemory } from '../layers/layer.ts';

/** The states of stateful layers, by their paths. */
export interface StateBook {
  memoryOf(path: string): StateMemory;
  /** What each layer left behind, by the names of the outputs it is to have; none unless exposed. */
  outputs(): readonly (readonly [name: string, state: Value])[];
}

/**
 * Stateful layers start with zeros, as in tfjs after `resetStates()`; one that is called again in the same graph goes on where
 * it was. With `exposedIn`, its first call starts with inputs of that graph instead.
 */
export function createStateBook(exposedIn: GraphBuilder | undefined): StateBook {
  const kept = new Map<string, readonly Value[]>();
  const key = (path: string, part: string): string => (part === '' ? path : `${path}/${part}`);
  return {
    memoryOf: (path) => ({
      recall(part, index, count, { dtype, shape }) {
        const before = kept.get(key(path, part));
        if (before !== undefined) return before[index];
        return exposedIn?.input(portName(key(path, part), 'in', index, count), dtype, shape);
      },
      keep(part, states) {
        kept.set(key(path, part), states);
      },
    }),
    outputs() {
      if (exposedIn === undefined) return [];
      return [...kept].flatMap(([path, states]) =>
        states.map((state, index) => [portName(path, 'out', index, states.length), state] as const),
      );
    },
  };
}

/** `lstm_1_state_in_0`; without a number where there is one. */
function portName(path: string, side: 'in' | 'out', index: number, count: number): string {
  const layer = path.split('/').map(cleanName).join('_');
  return `${layer}_state_${side}${count === 1 ? '' : `_${index}`}`;
}
