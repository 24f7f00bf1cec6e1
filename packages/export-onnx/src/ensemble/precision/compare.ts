import type { OutputKind } from '@snapshot-ensemble/ensemble-math';
import { ExportError, refuseUnknown } from '../../errors.ts';
import { feedsOf, type OrtLike } from '../../parity/check-parity.ts';
import type { HostTensors } from '../../parity/compare.ts';
import { batchesOf, rowsOf } from './batches.ts';

export interface CompareOptions {
  /** The onnxruntime module. */
  readonly ort: OrtLike;
  /** The float32 graph. */
  readonly reference: Uint8Array;
  /** The graph at reduced precision. */
  readonly candidate: Uint8Array;
  /** Rows, by input name. */
  readonly inputs: HostTensors;
  /** The prediction to compare, `[rows, …, values]`. */
  readonly output: string;
  /** What the prediction is. Default `probabilities`. */
  readonly kind?: OutputKind;
  /** Class of each row, where known. */
  readonly labels?: ArrayLike<number>;
  /** How often both graphs run the first rows, in turn, to measure speed. Default 5. */
  readonly rounds?: number;
}

/** What a reduced precision costs and gains on some rows. */
export interface BundleComparison {
  readonly rows: number;
  /** Bytes of the candidate's file, as a share of the reference's. */
  readonly sizeShare: number;
  /** Median time of the reference over the candidate's on batches of 64 rows: above 1 the candidate is faster. */
  readonly speedup: number;
  /** Share of decisions that are the same: the class of a row, or whether a label is there; of a regression undefined. */
  readonly agreement: number | undefined;
  readonly largestDifference: number;
  /** Share of rows that are right, where labels were given. */
  readonly accuracy: { readonly reference: number; readonly candidate: number } | undefined;
}

/** Batches that the speed is measured on. */
const TIMED = 4;

/** Compares two graphs of one ensemble on the same rows, in batches of 64. */
export async function compareBundles(options: CompareOptions): Promise<BundleComparison> {
  refuseUnknown('compareBundles', options, {
    ...{ ort: true, reference: true, candidate: true, inputs: true },
    ...{ output: true, kind: true, labels: true, rounds: true },
  });
  const { ort, reference, candidate, inputs, output, labels } = options;
  const { kind = 'probabilities', rounds = 5 } = options;
  const batches = batchesOf(inputs);
  if (batches.length === 0)
    throw new ExportError('invalid-option', 'There are no rows to compare on.');
  const sessions: readonly OrtSession[] = [
    await ort.InferenceSession.create(reference),
    await ort.InferenceSession.create(candidate),
  ];
  try {
    const [want, came] = [
      await answersOf(ort, sessions[0]!, batches, output),
      await answersOf(ort, sessions[1]!, batches, output),
    ];
    const speedup = await speedupOf(ort, sessions, batches.slice(0, TIMED), rounds);
    const [decided, candidates] = [decisions(want, kind), decisions(came, kind)];
    const shareOf = (test: (row: number) => boolean): number =>
      decided.filter((_, row) => test(row)).length / decided.length;
    return {
      rows: rowsOf(inputs),
      sizeShare: candidate.byteLength / reference.byteLength,
      speedup,
      agreement:
        kind === 'regression' ? undefined : shareOf((row) => decided[row] === candidates[row]),
      largestDifference: want.values.reduce(
        (most, value, at) => Math.max(most, Math.abs(value - came.values[at]!)),
        0,
      ),
      accuracy:
        labels === undefined || kind === 'regression'
          ? undefined
          : {
              reference: shareOf((row) => decided[row] === labels[row]),
              candidate: shareOf((row) => candidates[row] === labels[row]),
            },
    };
  } finally {
    for (const session of sessions) await session.release?.();
  }
}

type OrtSession = Awaited<ReturnType<OrtLike['InferenceSession']['create']>>;

interface Answers {
  readonly values: Float32Array;
  /** Of the last axis. */
  readonly classes: number;
}

async function answersOf(
  ort: OrtLike,
  session: OrtSession,
  batches: readonly HostTensors[],
  output: string,
): Promise<Answers> {
  const values: number[] = [];
  let classes = 1;
  for (const batch of batches) {
    const answer = (await session.run(feedsOf(ort, session, batch)))[output];
    if (answer === undefined)
      throw new ExportError('invalid-option', `The graph has no output "${output}".`);
    for (const value of answer.data as Float32Array) values.push(value);
    classes = answer.dims.at(-1)!;
  }
  return { values: Float32Array.from(values), classes };
}

/** Both have run before, so they are warm. */
async function speedupOf(
  ort: OrtLike,
  sessions: readonly OrtSession[],
  batches: readonly HostTensors[],
  rounds: number,
): Promise<number> {
  const times: readonly [number[], number[]] = [[], []];
  for (let round = 0; round < rounds; round++)
    for (const [index, session] of sessions.entries()) {
      const start = performance.now();
      for (const batch of batches) await session.run(feedsOf(ort, session, batch));
      times[index]!.push(performance.now() - start);
    }
  return median(times[0]) / median(times[1]);
}

/** The class of each row; of what is no choice between classes, whether each value is above one half. */
function decisions({ values, classes }: Answers, kind: OutputKind): readonly number[] {
  if (classes === 1 || kind === 'multi-label')
    return Array.from(values, (value) => (value > 0.5 ? 1 : 0));
  return Array.from({ length: values.length / classes }, (_, row) => {
    let best = 0;
    for (let at = 1; at < classes; at++)
      if (values[row * classes + at]! > values[row * classes + best]!) best = at;
    return best;
  });
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)]!;
}
