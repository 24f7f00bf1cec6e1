type Rule = readonly [allowed: (value: number) => boolean, text: string];

const isPositive: Rule = [(value) => value > 0 && value < Infinity, 'a positive finite number'];
const isNotNegative: Rule = [(value) => value >= 0 && value < Infinity, 'a finite number ≥ 0'];
const isCount: Rule = [(value) => value > 0 && Number.isSafeInteger(value), 'a positive integer'];
const isStep: Rule = [(value) => value >= 0 && Number.isSafeInteger(value), 'an integer ≥ 0'];

/** Throws: TypeError for what is not of the right type, RangeError for the rest. */
export function refuse(where: string, what: string, value: unknown, allowed: string): never {
  const ErrorClass = typeof value === 'number' ? RangeError : TypeError;
  const shown =
    typeof value === 'string' || Array.isArray(value) ? JSON.stringify(value) : String(value);
  throw new ErrorClass(`${where}: ${what} is ${shown}, but must be ${allowed}.`);
}

function checkNumber(where: string, what: string, value: unknown, rule: Rule): number {
  return typeof value === 'number' && rule[0](value) ? value : refuse(where, what, value, rule[1]);
}

export function checkPositive(where: string, what: string, value: unknown): number {
  return checkNumber(where, what, value, isPositive);
}

export function checkNotNegative(where: string, what: string, value: unknown): number {
  return checkNumber(where, what, value, isNotNegative);
}

export function checkCount(where: string, what: string, value: unknown): number {
  return checkNumber(where, what, value, isCount);
}

export function checkStep(where: string, value: unknown, what = 'step'): number {
  return checkNumber(where, what, value, isStep);
}

/** The range check of a lookup, apart from the hot path's own test so that it stays small enough to inline. */
export function refuseStep(where: string, step: unknown, totalSteps: number): never {
  return refuse(where, 'step', step, `an integer in [0, ${totalSteps})`);
}

export function checkFunction<F>(where: string, what: string, value: F): F {
  return typeof value === 'function' ? value : refuse(where, what, value, 'a function');
}

/** One of the literals of a union. */
export function checkOneOf<V extends string>(
  where: string,
  what: string,
  value: V,
  allowed: readonly V[],
): V {
  if (allowed.includes(value)) return value;
  return refuse(where, what, value, `'${allowed.join(`' or '`)}'`);
}

export function checkList<V>(
  where: string,
  what: string,
  value: readonly V[],
  of: string,
): readonly V[] {
  const isList = (Array.isArray as (value: unknown) => boolean)(value) && value.length > 0;
  return isList ? value : refuse(where, what, value, `an array of at least one ${of}`);
}
