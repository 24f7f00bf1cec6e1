import { cpus } from 'node:os';
import type { BundleSource } from '@snapshot-ensemble/ensemble-bundle';
import type { LoadOptions } from '../options.ts';

/** Lies beside the bundle's manifest, or beside `current`. */
export const TUNING_PATH = 'tuning.json';

export type Mode = NonNullable<LoadOptions['mode']>;

/** How to run an ensemble. */
export interface Choice {
  readonly workers: number;
  readonly threads: number;
  readonly spinning: boolean;
}

/** What `tune` found on one machine for one revision of a bundle. */
export interface Tuning {
  /** Identifies the machine and the bundle; elsewhere the choices do not apply. */
  readonly fingerprint: string;
  readonly choices: Readonly<Record<Mode, Choice>>;
}

/** The processor, the cores that may be used, and the bundle's revision. */
export function fingerprint(cores: number, revision = ''): string {
  const model = cpus()[0]?.model.trim() ?? 'unknown processor';
  return `${process.platform} ${process.arch}, ${model}, ${cores} cores, revision ${revision === '' ? 'flat' : revision}`;
}

/**
 * What was tuned for this machine and revision; undefined where nothing was. Throws `RangeError` if the file is not what `tune` writes.
 */
export async function readTuning(
  source: BundleSource,
  own: string,
): Promise<Tuning['choices'] | undefined> {
  const text = await readText(source);
  if (text === undefined) return undefined;
  const tuning = parse(text);
  if (tuning === undefined)
    throw new RangeError(
      `${TUNING_PATH} is not what tune writes. Tune the bundle again, or delete the file.`,
    );
  return tuning.fingerprint === own ? tuning.choices : undefined;
}

async function readText(source: BundleSource): Promise<string | undefined> {
  const chunks: Uint8Array[] = [];
  try {
    for await (const chunk of source.read(TUNING_PATH)) chunks.push(chunk.slice());
  } catch {
    // It is optional, and a bundle that cannot be read says so itself.
    return undefined;
  }
  return Buffer.concat(chunks).toString('utf8');
}

function parse(text: string): Tuning | undefined {
  try {
    const value = JSON.parse(text) as Tuning;
    const choices = [value.choices.latency, value.choices.throughput];
    const isChoice = ({ workers, threads, spinning }: Choice): boolean =>
      [workers, threads].every((count) => Number.isSafeInteger(count) && count >= 1) &&
      typeof spinning === 'boolean';
    return typeof value.fingerprint === 'string' && choices.every(isChoice) ? value : undefined;
  } catch {
    return undefined;
  }
}
