type Json = unknown;

/** Numbers in [0, 1), the same for the same seed. mulberry32. */
export function randomOf(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

const strangers: readonly Json[] = [
  null,
  true,
  0,
  1,
  -1,
  0.5,
  2,
  2 ** 31,
  2 ** 53,
  1e308,
  '',
  'x',
  '1.0',
  '1.9',
  '2.0',
  '../x',
  'a/../b',
  'NaN',
  'Infinity',
  '__proto__',
  'constructor',
  [],
  {},
  [null],
  [[[]]],
  { a: 1 },
  'a'.repeat(2000),
  '\ud800',
  [1, 2, 3],
  { bytes: 1 },
];
const keys = [
  '__proto__',
  'constructor',
  'toString',
  'later',
  '',
  'ensemble.json',
  '../x',
  'probs',
  'extensions',
];

/** A copy of a JSON value with one to three changes: values replaced, removed, doubled, moved, keys added. */
export function mutate(value: Json, random: () => number): Json {
  const copy: Json = structuredClone(value);
  const changes = 1 + Math.floor(random() * 3);
  for (let index = 0; index < changes; index += 1) change(copy, random);
  return random() < 0.01 ? pick(strangers, random) : copy;
}

function pick<T>(items: readonly T[], random: () => number): T {
  return items[Math.floor(random() * items.length)]!;
}

/** Every object and array in a value. */
function holders(value: Json): object[] {
  if (typeof value !== 'object' || value === null) return [];
  return [value, ...Object.values(value).flatMap(holders)];
}

function change(root: Json, random: () => number): void {
  const all = holders(root);
  if (all.length === 0) return;
  // The root is one holder of many, but the version stands there.
  const holder = (random() < 0.2 ? root : pick(all, random)) as Record<string, Json>;
  const set = (key: string, value: Json): void => {
    Object.defineProperty(holder, key, {
      value,
      enumerable: true,
      configurable: true,
      writable: true,
    });
  };
  const own = Object.keys(holder);
  const key = own.length === 0 ? '0' : pick(own, random);
  const way = random();
  if (way < 0.4) set(key, structuredClone(pick(strangers, random)));
  else if (way < 0.55) Reflect.deleteProperty(holder, key);
  else if (way < 0.7) set(pick(keys, random), structuredClone(pick(strangers, random)));
  else if (way < 0.85) set(key, structuredClone(pick(all, random)));
  else if (Array.isArray(holder)) holder.push(structuredClone(holder[0]));
  else set(key, structuredClone(pick(Object.values(holder), random) ?? null));
}
