import type { PredictOptions } from '@snapshot-ensemble/ensemble-runtime';
import { badRequest } from '../errors.ts';
import type { Parameters, ParameterValue } from '../protocol/messages.ts';
import type { Model } from '../repository/model.ts';

/** What a request's parameters ask of the runtime, and which of them nobody here listens to. */
export interface Knobs {
  readonly options: Pick<PredictOptions, 'maxMembers' | 'confidence' | 'allowNonFinite'>;
  /** How long it may take, in milliseconds. */
  readonly timeoutMs: number | undefined;
  /** Names, told in the answer: nothing is dropped in silence. */
  readonly ignored: readonly string[];
}

interface Knob {
  /** What its value must be, in words. */
  readonly allowed: string;
  accepts(value: ParameterValue, model: Model): boolean;
}

const isWhole = (value: ParameterValue): value is number =>
  typeof value === 'number' && Number.isSafeInteger(value);

/** The parameters that are ours or that we honour. */
const knobs = {
  max_members: {
    allowed: 'a whole number from 1: how many members may answer',
    accepts: (value) => isWhole(value) && value >= 1,
  },
  confidence: {
    allowed:
      'a number above 0 and up to 1: the largest probability at which no more members are asked',
    accepts: (value) => typeof value === 'number' && value > 0 && value <= 1,
  },
  timeout: {
    allowed: 'a whole number of microseconds from 0; 0 is no limit',
    accepts: (value) => isWhole(value) && value >= 0,
  },
  allow_non_finite: {
    allowed: 'true or false: whether NaN and infinities may go in and come out, as binary data',
    accepts: (value) => typeof value === 'boolean',
  },
  alpha: {
    allowed: 'the error rate that the bundle was fitted for',
    accepts: (value, model) => typeof value === 'number' && fittedAlphas(model).includes(value),
  },
} as const satisfies Readonly<Record<string, Knob>>;

type KnobName = keyof typeof knobs;

/** What Triton's clients send and an ensemble has no use for. */
const tritons = ['binary_data_output', 'sequence_start', 'sequence_end', 'priority', 'headers'];
// Its gRPC client sets it on every streamed request.
const HARMLESS_RESERVED = 'triton_enable_empty_final_response';

/** Reads the parameters of a request. Throws `ServerError('invalid-request')` for wrong values and for misspelt names of ours. */
export function readKnobs(model: Model, parameters: Parameters): Knobs {
  const given: Partial<Record<KnobName, ParameterValue>> = {};
  const ignored: string[] = [];
  for (const [name, value] of Object.entries(parameters)) {
    if (isKnob(name)) {
      check(name, value, model);
      given[name] = value;
    } else if (name === 'sequence_id') {
      refuseSequence(value);
      ignored.push(name);
    } else {
      refuseReserved(name);
      refuseMisspelt(name);
      ignored.push(name);
    }
  }
  const timeout = Number(given.timeout ?? 0) / 1000;
  return {
    options: {
      ...(given.max_members !== undefined && { maxMembers: Number(given.max_members) }),
      ...(given.confidence !== undefined && { confidence: Number(given.confidence) }),
      ...(given.allow_non_finite === true && { allowNonFinite: true }),
    },
    timeoutMs: timeout === 0 ? undefined : timeout,
    ignored,
  };
}

function isKnob(name: string): name is KnobName {
  return Object.hasOwn(knobs, name);
}

function check(name: KnobName, value: ParameterValue, model: Model): void {
  const knob: Knob = knobs[name];
  if (knob.accepts(value, model)) return;
  const alphas = fittedAlphas(model);
  const allowed =
    name !== 'alpha'
      ? knob.allowed
      : alphas.length === 0
        ? 'left out: this bundle was exported without conformal sets'
        : `${alphas.join(' or ')}, ${knob.allowed}`;
  throw badRequest(`the parameter ${name} is ${JSON.stringify(value)}; it must be ${allowed}.`);
}

function fittedAlphas({ manifest }: Model): readonly number[] {
  const alphas = Object.values(manifest.policy).flatMap(({ conformal }) =>
    conformal === undefined ? [] : [conformal.alpha],
  );
  return [...new Set(alphas)];
}

function refuseSequence(value: ParameterValue): void {
  if (value === 0 || value === '') return;
  throw badRequest(
    'sequence_id is set, but ensembles keep no state between requests. Leave it out.',
  );
}

function refuseReserved(name: string): void {
  if (name.startsWith('triton_') && name !== HARMLESS_RESERVED)
    throw badRequest(`the parameter "${name}" has the reserved prefix "triton_".`);
}

/** A name that is nearly one of ours is meant to be it: ignoring it would answer another question than was asked. */
function refuseMisspelt(name: string): void {
  if (tritons.includes(name)) return;
  const plain = (text: string): string => text.toLowerCase().replaceAll(/[^a-z]/g, '');
  const meant = Object.keys(knobs).find((knob) => {
    const most = knob.length > 6 ? 2 : 1;
    return distance(plain(knob), plain(name), most) <= most;
  });
  if (meant === undefined) return;
  throw badRequest(
    `there is no parameter "${name}". Did you mean ${meant}? Ours: ${Object.keys(knobs).join(', ')}.`,
  );
}

/** Levenshtein's distance, or more than `most` where it is more. */
function distance(a: string, b: string, most: number): number {
  if (Math.abs(a.length - b.length) > most) return most + 1;
  let row = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++)
      next.push(
        Math.min(row[j]! + 1, next[j - 1]! + 1, row[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1)),
      );
    row = next;
  }
  return row[b.length]!;
}
