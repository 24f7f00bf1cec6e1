import { ExportError } from '../../errors.ts';
import { refuseUnknown } from '../../options.ts';
import { feedsOf, type OrtLike } from '../../parity/check-parity.ts';
import type { HostTensors } from '../../parity/compare.ts';

export interface CompareOptions {
  /** The onnxruntime module. */
  readonly ort: OrtLike;
  /** The float32 graph. */
  readonly reference: Uint8Array;
  /** The graph at reduced precision. */
  readonly candidate: Uint8Array;
  readonly inputs: HostTensors;
  /** The prediction to compare, `[rows, classes]`. */
  readonly output: string;
  /** Class of each row, where known. */
  readonly labels?: readonly number[];
  /** How often both run, one after the other, for the speed. Default 5. */
  readonly rounds?: number;
}

/** What a reduced precision costs and what it brings, on some rows. */
export interface Comparison {
  readonly rows: number;
  /** Bytes of the candidate's file, as a share of the reference's. */
  readonly sizeShare: number;
  /** Median time of the reference over the candidate's: above 1 the candidate is faster. */
  readonly speedup: number;
  /** Share of rows whose largest value is at the same place. */
  readonly agreement: number;
  readonly largestDifference: number;
  /** Share of rows that are right, where labels were given. */
  readonly accuracy: { readonly reference: number; readonly candidate: number } | undefined;
}

/** Compares two graphs of one ensemble on the same rows. */
export async function compareBundles(options: CompareOptions): Promise<Comparison> {
  refuseUnknown('compareBundles', options, {
    ...{ ort: true, reference: true, candidate: true, inputs: true },
    ...{ output: true, labels: true, rounds: true },
  });
  const { ort, reference, candidate, inputs, output, labels, rounds = 5 } = options;
  const sessions = await Promise.all(
    [reference, candidate].map((bytes) => ort.InferenceSession.create(bytes)),
  );
  const times: [number[], number[]] = [[], []];
  let answers: readonly Float32Array[] = [];
  let classes = 1;
  try {
    for (let round = 0; round <= rounds; round++) {
      const made: Float32Array[] = [];
      for (const [index, session] of sessions.entries()) {
        const start = performance.now();
        const answer = (await session.run(feedsOf(ort, inputs)))[output];
        if (answer === undefined)
          throw new ExportError('invalid-option', `The graph has no output "${output}".`);
        // The first round warms up.
        if (round > 0) times[index]!.push(performance.now() - start);
        made.push(answer.data as Float32Array);
        classes = answer.dims.at(-1)!;
      }
      answers = made;
    }
  } finally {
    for (const session of sessions) await session.release?.();
  }
  const [want, came] = answers.map((values) => choices(values, classes)) as [number[], number[]];
  const shareOf = (test: (row: number) => boolean): number =>
    want.filter((_, row) => test(row)).length / want.length;
  return {
    rows: want.length,
    sizeShare: candidate.byteLength / reference.byteLength,
    speedup: median(times[0]) / median(times[1]),
    agreement: shareOf((row) => want[row] === came[row]),
    largestDifference: answers[0]!.reduce(
      (most, value, at) => Math.max(most, Math.abs(value - answers[1]![at]!)),
      0,
    ),
    accuracy: labels && {
      reference: shareOf((row) => want[row] === labels[row]),
      candidate: shareOf((row) => came[row] === labels[row]),
    },
  };
}

/** The class of each row; of a single value, whether it is above one half. */
function choices(values: Float32Array, classes: number): readonly number[] {
  return Array.from({ length: values.length / classes }, (_, row) => {
    if (classes === 1) return values[row]! > 0.5 ? 1 : 0;
    let best = 0;
    for (let at = 1; at < classes; at++)
      if (values[row * classes + at]! > values[row * classes + best]!) best = at;
    return best;
  });
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)]!;
}
