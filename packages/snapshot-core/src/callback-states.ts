import type { CallbackState, Json } from './protocol.ts';
import { StoreError } from './store-error.ts';
import type { NamedTensor } from './tensor.ts';

/** The state of one callback of a chain. Names hold no `/`. */
export interface NamedState {
  readonly name: string;
  readonly state: CallbackState;
}

/** States of several callbacks as one: JSON by name, tensors as `name/tensor`. */
export function joinStates(states: readonly NamedState[]): CallbackState {
  const json: Record<string, Json> = {};
  const tensors: NamedTensor[] = [];
  for (const { name, state } of states) {
    json[name] = state.json;
    for (const tensor of state.tensors ?? []) {
      tensors.push({ ...tensor, name: `${name}/${tensor.name}` });
    }
  }
  return { json, tensors };
}

export function splitState({ json, tensors = [] }: CallbackState): readonly NamedState[] {
  if (typeof json !== 'object' || json === null || Array.isArray(json)) {
    throw new StoreError(
      'damaged',
      'The state of a chain of callbacks must be an object with a key for each callback.',
    );
  }
  return Object.entries(json as Readonly<Record<string, Json>>).map(([name, part]) => {
    const prefix = `${name}/`;
    const own = tensors
      .filter((tensor) => tensor.name.startsWith(prefix))
      .map((tensor) => ({ ...tensor, name: tensor.name.slice(prefix.length) }));
    return { name, state: { json: part, tensors: own } };
  });
}

/** JSON text of a state. Throws a `RangeError` for a number that JSON cannot hold: it would come back as null. */
export function formatState(json: Json): string {
  return JSON.stringify(json, (key, value: unknown) => {
    if (typeof value !== 'number' || Number.isFinite(value)) return value;
    throw new RangeError(
      `Cannot save the state of the callbacks: "${key}" is ${value}, which JSON cannot carry. Write it as a string.`,
    );
  });
}
