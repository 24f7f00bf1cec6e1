import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { EpochRecord } from '@snapshot-ensemble/report';
import type { QuickstartOptions } from './options.ts';

/** What a run must share with the one it goes on with. */
type Settings = Pick<QuickstartOptions, 'trainSize' | 'epochs' | 'cycles' | 'seed'>;

const FLAGS: Readonly<Record<keyof Settings, string>> = {
  trainSize: '--train-size',
  epochs: '--epochs',
  cycles: '--cycles',
  seed: '--seed',
};

/**
 * Claims the output folder for these settings: empties it if `fresh`, else goes on with what an earlier run of the same
 * settings left. Throws a RangeError where that run had others.
 */
export async function claimFolder(options: QuickstartOptions): Promise<'new' | 'found'> {
  const { out, fresh, trainSize, epochs, cycles, seed } = options;
  const settings: Settings = { trainSize, epochs, cycles, seed };
  const file = join(out, 'settings.json');
  const earlier = await readJson<Settings>(file);
  // Only what this program made is removed: --out may name a folder that holds other things too.
  if (fresh && earlier !== undefined)
    for (const name of PRODUCTS) await rm(join(out, name), { recursive: true, force: true });
  else if (earlier !== undefined) checkSame(out, earlier, settings);
  await mkdir(out, { recursive: true });
  await writeJson(file, settings);
  return earlier === undefined || fresh ? 'new' : 'found';
}

/** Everything the demo writes, by its name in the output folder. */
const PRODUCTS = [
  'settings.json',
  'Ensemble',
  'rival',
  'history',
  'bundle',
  'report.html',
  'learning-rate.svg',
  'training.svg',
  'ensemble-size.svg',
  'ensemble-size-likelihood.svg',
  'unknown-inputs.svg',
  'risk-coverage.svg',
  'reliability.svg',
  'agreement.svg',
  'cascade.svg',
  'interpolation.svg',
] as const;

function checkSame(out: string, earlier: Settings, settings: Settings): void {
  const names = Object.keys(FLAGS) as (keyof Settings)[];
  if (names.every((name) => earlier[name] === settings[name])) return;
  const flags = (of: Settings) => names.map((name) => `${FLAGS[name]} ${of[name]}`).join(' ');
  throw new RangeError(
    `${out}/ holds a run with ${flags(earlier)}, asked for is ${flags(settings)}. Use the same flags, add --fresh to start over, or another folder with --out.`,
  );
}

/** Metrics of each epoch of one training, kept beside the store so that a resumed run draws whole curves. */
export async function readHistory(out: string, name: string): Promise<readonly EpochRecord[]> {
  return (await readJson<EpochRecord[]>(historyFile(out, name))) ?? [];
}

export async function writeHistory(
  out: string,
  name: string,
  history: readonly EpochRecord[],
): Promise<void> {
  await mkdir(join(out, 'history'), { recursive: true });
  await writeJson(historyFile(out, name), history);
}

function historyFile(out: string, name: string): string {
  return join(out, 'history', `${name}.json`);
}

async function readJson<T>(file: string): Promise<T | undefined> {
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw error;
  }
  try {
    return JSON.parse(text) as T;
  } catch (cause) {
    throw new Error(`${file} is no JSON. Remove it, or start over with --fresh.`, { cause });
  }
}

async function writeJson(file: string, value: unknown): Promise<void> {
  const temporary = `${file}.${process.pid}.tmp`;
  await writeFile(temporary, `${JSON.stringify(value, null, 1)}\n`);
  await rename(temporary, file);
}
