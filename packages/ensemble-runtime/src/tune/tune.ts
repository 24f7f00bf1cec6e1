import { rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { checkOptions } from '@snapshot-ensemble/options';
import type { Ensemble } from '../ensemble.ts';
import { defaultCores, loadEnsemble } from '../load-ensemble.ts';
import type { LoadOptions } from '../options.ts';
import { rowBytes } from '../tensor.ts';
import { fingerprint, TUNING_PATH, type Choice, type Mode, type Tuning } from './tuning.ts';

export interface TuneOptions extends Pick<LoadOptions, 'device' | 'executor' | 'cores'> {
  /** Seconds to measure, all candidates together. Default 20. */
  readonly seconds?: number;
  /** Rows of a request when throughput is measured. Default 64. */
  readonly rows?: number;
  /** Called after each round of measurements with the number done and the total. */
  readonly onRound?: (done: number, rounds: number) => void;
}

/** One way to run the ensemble, and what it reached. */
export interface Measured extends Choice {
  readonly mode: Mode;
  /** Median time of a request of one row, in milliseconds, or rows a second; by `mode`. */
  readonly value: number;
}

export interface TuneResult extends Tuning {
  /** Best first, by mode. */
  readonly measured: readonly Measured[];
  /** Where the choice was written. */
  readonly file: string;
}

/** Each candidate runs once a round, so that drift of the machine hits all alike. */
const ROUNDS = 5;
const MODES = ['latency', 'throughput'] as const;

/**
 * Measures on this machine, with zeros as inputs, which workers, threads and spinning answer one row soonest and which
 * answer the most rows per second, and writes the choice next to the bundle, where `loadEnsemble` finds it. Throws what
 * `loadEnsemble` throws.
 */
export async function tune(bundle: string | URL, options: TuneOptions = {}): Promise<TuneResult> {
  checkOptions('tune', options, {
    device: true,
    executor: true,
    cores: true,
    seconds: true,
    rows: true,
    onRound: true,
  });
  const { seconds = 20, rows = 64, onRound, ...place } = options;
  if (!(seconds > 0)) throw new RangeError(`tune: seconds is ${seconds}. Pass a number above 0.`);
  const cores = (options.cores ?? defaultCores()).limit;
  const measured: Measured[] = [];
  let done = 0;
  const countRound = (): void => onRound?.((done += 1), MODES.length * ROUNDS);
  let revision: string | undefined;
  for (const mode of MODES) {
    const candidates = candidatesFor(mode, cores);
    const sliceMs = (seconds * 1000) / 2 / candidates.length / ROUNDS;
    const ensembles: Ensemble[] = [];
    try {
      for (const choice of candidates) {
        const ensemble = await loadEnsemble(bundle, { ...place, ...choice, processes: 'own' });
        ensembles.push(ensemble);
        await ensemble.warmUp({ rows: mode === 'latency' ? 1 : rows });
      }
      revision = ensembles[0]!.revision;
      const values = await measureAll(ensembles, mode, rows, sliceMs, countRound);
      measured.push(
        ...candidates.map((choice, index) => ({ ...choice, mode, value: values[index]! })),
      );
    } finally {
      await Promise.all(ensembles.map((ensemble) => ensemble.close()));
    }
  }
  const tuning: Tuning = {
    fingerprint: fingerprint(cores, revision),
    choices: { latency: best(measured, 'latency'), throughput: best(measured, 'throughput') },
  };
  const file = join(typeof bundle === 'string' ? bundle : fileURLToPath(bundle), TUNING_PATH);
  await writeWhole(
    file,
    `${JSON.stringify({ ...tuning, measured: ranked(measured) }, undefined, 2)}\n`,
  );
  return { ...tuning, measured: ranked(measured), file };
}

/** One worker of all cores down to one, both ways of waiting; or every even split of the cores. */
export function candidatesFor(mode: Mode, cores: number): readonly Choice[] {
  const halvings: number[] = [];
  for (let count = cores; count >= 1; count = Math.floor(count / 2)) halvings.push(count);
  return mode === 'latency'
    ? halvings.flatMap((threads) =>
        threads === 1
          ? [{ workers: 1, threads, spinning: false }]
          : [false, true].map((spinning) => ({ workers: 1, threads, spinning })),
      )
    : halvings.map((workers) => ({
        workers,
        threads: Math.max(1, Math.floor(cores / workers)),
        spinning: false,
      }));
}

/** Differences smaller than this are noise, and then the choice with fewer copies of the weights wins. */
const CLEAR = 0.03;

/** The best of a mode; of those that are as good, the first with the fewest workers, threads and spinning. */
export function best(measured: readonly Measured[], mode: Mode): Choice {
  const own = ranked(measured).filter((one) => one.mode === mode);
  const top = own[0]!.value;
  const isAsGood = ({ value }: Measured): boolean =>
    mode === 'latency' ? value <= top * (1 + CLEAR) : value >= top * (1 - CLEAR);
  const [chosen] = own
    .filter(isAsGood)
    .sort(
      (a, b) =>
        a.workers - b.workers || a.threads - b.threads || Number(a.spinning) - Number(b.spinning),
    );
  const { workers, threads, spinning } = chosen!;
  return { workers, threads, spinning };
}

function ranked(measured: readonly Measured[]): readonly Measured[] {
  return measured.toSorted((a, b) =>
    a.mode === b.mode
      ? (a.value - b.value) * (a.mode === 'latency' ? 1 : -1)
      : a.mode.localeCompare(b.mode),
  );
}

async function measureAll(
  ensembles: readonly Ensemble[],
  mode: Mode,
  rows: number,
  sliceMs: number,
  onRound: () => void,
): Promise<readonly number[]> {
  const values: number[][] = ensembles.map(() => []);
  for (let round = 0; round < ROUNDS; round++) {
    for (const [index, ensemble] of ensembles.entries())
      values[index]!.push(
        mode === 'latency'
          ? await latencyOf(ensemble, sliceMs)
          : await throughputOf(ensemble, rows, sliceMs),
      );
    onRound();
  }
  return values.map(median);
}

/** Median milliseconds of one row, one request after the other. */
async function latencyOf(ensemble: Ensemble, sliceMs: number): Promise<number> {
  const inputs = zeros(ensemble, 1);
  const times: number[] = [];
  for (const end = performance.now() + sliceMs; times.length === 0 || performance.now() < end;) {
    const start = performance.now();
    await ensemble.predict(inputs);
    times.push(performance.now() - start);
  }
  return median(times);
}

/** Rows a second, with more requests than workers. */
async function throughputOf(ensemble: Ensemble, rows: number, sliceMs: number): Promise<number> {
  const inputs = zeros(ensemble, rows);
  const start = performance.now();
  let answered = 0;
  const client = async (): Promise<void> => {
    do {
      await ensemble.predict(inputs);
      answered += rows;
    } while (performance.now() - start < sliceMs);
  };
  await Promise.all(Array.from({ length: 2 * ensemble.settings.workers }, client));
  return answered / ((performance.now() - start) / 1000);
}

function zeros({ manifest }: Ensemble, rows: number): Parameters<Ensemble['predict']>[0] {
  const inputs = manifest.inputs.map((input) => {
    const dims = input.shape.map((side, index) =>
      index === 0 ? rows : typeof side === 'number' ? side : 1,
    );
    return [input.name, { bytes: new Uint8Array(rows * rowBytes(input)), dims }] as const;
  });
  return Object.fromEntries(inputs);
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[sorted.length >> 1]!;
}

/** The whole file or the old one: another process may be reading it. */
async function writeWhole(file: string, text: string): Promise<void> {
  const temporary = `${file}.${process.pid}.tmp`;
  await writeFile(temporary, text);
  await rename(temporary, file);
}
