import { memberArtifacts } from '@snapshot-ensemble/adapter-tfjs';
import {
  type EnsemblePolicy,
  errorRate,
  fitPolicy,
  type Predictions,
  predictWithPolicy,
  reliability,
} from '@snapshot-ensemble/ensemble-math';
import type { Evidence, InterpolatedScore } from '@snapshot-ensemble/report';
import type * as tfjs from '@tensorflow/tfjs';
import type { Data } from './data.ts';
import { type Contestant, errorOfSurest } from './scores.ts';
import { toTensors } from './tensors.ts';
import type { TrainedRun } from './training.ts';

const kind = 'probabilities';

interface Evaluated {
  readonly tf: typeof tfjs;
  readonly run: TrainedRun;
  readonly data: Data;
  readonly members: Readonly<Record<'validation' | 'test', Predictions>>;
  readonly contestants: readonly Contestant[];
  readonly policy: EnsemblePolicy;
}

/** What the report draws beside the scores. */
export async function evidenceOf(evaluated: Evaluated): Promise<Evidence> {
  const { data, members, contestants, policy } = evaluated;
  const { labels, classNames } = data.test;
  const [single, ensemble] = [contestants[0]!, contestants.at(-1)!];
  const names = members.test.members.map((_, index) => String(index + 1));
  return {
    unknownInputs: [ensemble, single].map(({ name, suspicion }) => ({
      name,
      score: suspicion.name,
      known: suspicion.known,
      unknown: suspicion.unknown,
      names: { known: 'garments', unknown: 'digits' },
      ...(suspicion === ensemble.suspicion && { threshold: policy.abstain!.threshold }),
    })),
    riskCoverage: [ensemble, single].map(({ name, raw }) => ({
      name,
      kind: name === single.name ? ('single' as const) : ('ensemble' as const),
      points: COVERAGES.map((coverage) => ({
        coverage,
        risk: errorOfSurest(raw, labels, coverage),
      })),
    })),
    reliability: {
      before: reliability(ensemble.raw, labels),
      after: reliability(ensemble.calibrated, labels),
    },
    agreement: {
      members: names,
      disagreement: disagreements(members.test),
    },
    disputed: {
      width: data.test.width,
      height: data.test.height,
      images: disputed(evaluated, ensemble.suspicion.known, classNames),
    },
    cascade: cascades(evaluated),
    interpolation: await interpolation(evaluated),
  };
}

/** Share of rows on which each pair of members chooses different classes. */
function disagreements({ members, rows, classes }: Predictions): readonly (readonly number[])[] {
  const choices = members.map((values) =>
    Array.from({ length: rows }, (_, row) => choiceOf(values, row, classes)),
  );
  return choices.map((a) =>
    choices.map((b) => a.filter((choice, row) => choice !== b[row]).length / rows),
  );
}

function choiceOf(values: Predictions['members'][number], row: number, classes: number): number {
  const ofRow = values.subarray(row * classes, (row + 1) * classes);
  return ofRow.indexOf(Math.max(...ofRow));
}

const COVERAGES = Array.from({ length: 21 }, (_, index) => 0.5 + 0.025 * index);
const DISPUTED = 10;

function disputed(
  { data: { test }, members }: Evaluated,
  disagreement: Float64Array,
  classNames: readonly string[],
) {
  const pixels = test.height * test.width;
  const rows = [...disagreement.keys()]
    .toSorted((a, b) => disagreement[b]! - disagreement[a]!)
    .slice(0, DISPUTED);
  return rows.map((row) => {
    const votes = new Map<string, number>();
    for (const member of members.test.members) {
      const name = classNames[choiceOf(member, row, classNames.length)]!;
      votes.set(name, (votes.get(name) ?? 0) + 1);
    }
    return {
      pixels: test.images.subarray(row * pixels, (row + 1) * pixels),
      label: classNames[test.labels[row]!]!,
      votes: [...votes]
        .toSorted(([, a], [, b]) => b - a)
        .map(([name, count]) => `${name} ${count}`)
        .join(', '),
    };
  });
}

/** Cascades that were fitted on validation images to cost so many members a row, and all members. */
function cascades({ data, members }: Evaluated) {
  const count = members.test.members.length;
  const costs = [1, 1.25, 1.5, 2, 3, 4].filter((cost) => cost < count);
  const settings = costs.map((cost) => {
    const policy = fitPolicy(members.validation, data.validation.labels, {
      kind,
      cascade: { target: { cost } },
    });
    const { outputs, membersUsed } = predictWithPolicy(policy, members.test);
    const used = Array.from(membersUsed ?? []);
    return {
      name: '',
      cost: used.reduce((sum, value) => sum + value, 0) / used.length,
      accuracy: 1 - errorRate(outputs, data.test.labels),
    };
  });
  const whole = fitPolicy(members.validation, data.validation.labels, { kind });
  const { outputs } = predictWithPolicy(whole, members.test);
  const all = { name: 'all', cost: count, accuracy: 1 - errorRate(outputs, data.test.labels) };
  return [...settings, all];
}

/** Images on which points between members are measured: a picture needs no more. */
const INTERPOLATION_ROWS = 500;
const SHARES = [0, 0.25, 0.5, 0.75, 1];

/** The error on the straight line between the weights of each member and the next: Huang et al. 2017, figure 4. */
async function interpolation({ tf, run, data }: Evaluated): Promise<readonly InterpolatedScore[]> {
  const { members = [] } = (await run.store.readManifest()) ?? {};
  const stored = await Promise.all(members.map(({ id }) => memberArtifacts(run.store, id)));
  const { images, labels } = toTensors(tf, {
    ...data.test,
    images: data.test.images.subarray(0, INTERPOLATION_ROWS * data.test.width * data.test.height),
    labels: data.test.labels.subarray(0, INTERPOLATION_ROWS),
    count: Math.min(INTERPOLATION_ROWS, data.test.count),
  });
  const lines = [];
  for (const [index, newer] of stored.entries()) {
    const older = stored[index - 1];
    if (older === undefined) continue;
    const points = [];
    for (const share of SHARES) {
      const weights = mixed(older.weightData, newer.weightData, share);
      const artifacts = { ...newer, weightData: weights.buffer } as tfjs.io.ModelArtifacts;
      const model = await tf.loadLayersModel({ load: async () => Promise.resolve(artifacts) });
      const output = model.predict(images) as tfjs.Tensor2D;
      const [rows, classes] = output.shape;
      const outputs = { data: (await output.data()) as Float32Array, rows, classes };
      points.push({ share, value: errorRate(outputs, data.test.labels.subarray(0, rows)) });
      output.dispose();
      model.dispose();
    }
    lines.push({ name: `${index} → ${index + 1}`, points });
  }
  tf.dispose([images, labels]);
  return lines;
}

function mixed(older: unknown, newer: unknown, share: number): Float32Array {
  const [a, b] = [older, newer].map((bytes) => new Float32Array(bytes as ArrayBuffer));
  return a!.map((value, index) => value + share * (b![index]! - value));
}
