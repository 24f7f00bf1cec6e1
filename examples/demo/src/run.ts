import {
  errorRate,
  fitPolicy,
  memberOutputs,
  type Predictions,
  uncertainty,
} from '@snapshot-ensemble/ensemble-math';
import { serve } from '@snapshot-ensemble/ensemble-server';
import type * as tfjs from '@tensorflow/tfjs';
import { chooseBackend } from './backend.ts';
import { type Data, loadData } from './data.ts';
import { checkParity, exportBundle, openBundle } from './deployment.ts';
import { type SinglePrediction, predictMembers, predictSingle } from './evaluation.ts';
import { evidenceOf } from './evidence.ts';
import type { QuickstartOptions } from './options.ts';
import { writeReport } from './picture.ts';
import type { Screen } from './progress.ts';
import { askServer, formatAnswers, imagesToAsk } from './queries.ts';
import { rivalRecipe, snapshotRecipe } from './recipes.ts';
import { type Contestant, contestant, formatTable, meanOfLast, verdicts } from './scores.ts';
import { claimFolder } from './settings.ts';
import { toTensors } from './tensors.ts';
import { train, type TrainedRun } from './training.ts';
import { found } from './unknown.ts';

const kind = 'probabilities';

/** The ensemble may refuse so many garments. */
const REFUSED_SHARE = 0.05;

/** The whole pipeline: train, compare, export, check, serve, ask, draw. */
export async function runQuickstart(options: QuickstartOptions, screen: Screen): Promise<void> {
  const { out, cycles, epochs } = options;
  const { tf, name: backend } = await chooseBackend(options.backend);
  if ((await claimFolder(options)) === 'found')
    screen.print(`Continuing the earlier run in ${out}/; --fresh starts over.`);
  const data = await loadData(options);
  const { validation, test, unknown } = data;
  screen.print(
    `Fashion-MNIST: ${data.train.count} garments to train on, ${validation.count} to choose on, ${test.count} to report on; ${unknown.count} digits that nothing is trained on\nBackend: ${backend}\n`,
  );

  const context = { tf, options, screen, train: data.train, validation: toTensors(tf, validation) };
  const ensembleRun = await train(context, snapshotRecipe(epochs, cycles));
  const rivalRun = await train(context, rivalRecipe(epochs));
  const predictions = await predictAll(tf, ensembleRun, rivalRun, data);
  const { members } = predictions;
  const contestants = contestantsOf(predictions, data);
  const [rival, ensemble] = [contestants[0]!, contestants.at(-1)!];
  const verdict = verdicts(ensemble, rival, test.labels);
  screen.print(
    `\nOn the ${test.count} test images; digits found: AUROC, in brackets the score that finds most of them\n\n${formatTable(contestants, test.labels)}\n\nThe ${ensemble.name} against the ${rival.name}, 95 % intervals:\n${verdict}\n`,
  );

  const policy = fitPolicy(members.validation, validation.labels, {
    kind,
    abstain: { score: 'mutualInformation', share: REFUSED_SHARE },
  });
  const folder = await exportBundle(out, ensembleRun, data, members.test, policy);
  const bundle = await openBundle(folder);
  const difference = await checkParity(bundle, data, members.test, policy);
  await bundle.close();
  screen.print(
    `Exported ${folder}/: on the test images ONNX and tfjs differ by at most ${difference.toExponential(1)} (on ${bundle.device.used})`,
  );

  const server = await serve({ bundles: { fashion: folder }, port: options.port });
  try {
    screen.print(`Serving it on ${server.url}; asking about garments and digits:`);
    const { inputs, outputs } = bundle.manifest;
    const { classNames } = test;
    const model = { name: 'fashion', input: inputs[0]!.name, output: outputs[0]!.name, classNames };
    const { threshold } = policy.abstain!;
    const asked = imagesToAsk(test, unknown);
    screen.print(formatAnswers(await askServer(server.url, model, asked)));
    const refused = (of: Float64Array) =>
      of.filter((score) => score > threshold).length / of.length;
    const { known, unknown: digits } = ensemble.suspicion;
    screen.print(
      `It declines ${(100 * refused(known)).toFixed(0)} % of the garments and ${(100 * refused(digits)).toFixed(0)} % of the digits.`,
    );
  } finally {
    await server.close();
  }

  const evidence = await evidenceOf({ tf, run: ensembleRun, data, members, contestants, policy });
  const page = await writeReport(options, ensembleRun, {
    data,
    contestants,
    members: members.test,
    evidence,
    verdict,
    backend,
  });
  screen.print(`\nDrew ${page}; open it in a browser.`);
}

interface AllPredictions {
  readonly members: Readonly<Record<'validation' | 'test' | 'unknown', Predictions>>;
  readonly single: Readonly<Record<'validation' | 'test' | 'unknown', SinglePrediction>>;
}

async function predictAll(
  tf: typeof tfjs,
  ensemble: TrainedRun,
  rival: TrainedRun,
  { validation, test, unknown }: Data,
): Promise<AllPredictions> {
  const sets = [validation, test, unknown].map((dataset) => {
    const { images, labels } = toTensors(tf, dataset);
    labels.dispose();
    return images;
  });
  const members = [];
  for (const images of sets) members.push(await predictMembers(tf, ensemble, images));
  const single = await predictSingle(tf, rival, sets);
  tf.dispose(sets);
  return {
    members: { validation: members[0]!, test: members[1]!, unknown: members[2]! },
    single: { validation: single[0]!, test: single[1]!, unknown: single[2]! },
  };
}

/** The single model, the member that is best on validation images, and the ensemble of all members. */
function contestantsOf({ members, single }: AllPredictions, data: Data): readonly Contestant[] {
  const { labels } = data.validation;
  const count = members.test.members.length;
  const all = Array.from({ length: count }, (_, member) => member);
  const errors = all.map((member) => errorRate(memberOutputs(members.validation, member), labels));
  const best = errors.indexOf(Math.min(...errors));
  const alone = (of: Predictions): Predictions => ({ ...of, members: [of.members[best]!] });
  const suspicion = {
    name: 'disagreement',
    known: uncertainty(members.test, { kind }).mutualInformation,
    unknown: uncertainty(members.unknown, { kind }).mutualInformation,
  };
  return [
    contestant(
      'single model',
      { outputs: single.validation.outputs, labels },
      single.test.outputs,
      bestSuspicion(single.test, single.unknown),
    ),
    contestant(
      `best member (${best + 1})`,
      { outputs: memberOutputs(members.validation, best), labels },
      memberOutputs(members.test, best),
      {
        name: 'entropy',
        known: uncertainty(alone(members.test), { kind }).predictiveEntropy,
        unknown: uncertainty(alone(members.unknown), { kind }).predictiveEntropy,
      },
    ),
    contestant(
      `ensemble of ${count}`,
      { outputs: meanOfLast(members.validation, count), labels },
      meanOfLast(members.test, count),
      suspicion,
    ),
  ];
}

/** The single model gets the score that serves it best, chosen in hindsight. */
function bestSuspicion(
  known: SinglePrediction,
  unknown: SinglePrediction,
): Contestant['suspicion'] {
  const names = Object.keys(known.scores) as (keyof SinglePrediction['scores'])[];
  const all = names.map((name) => ({
    name,
    known: known.scores[name],
    unknown: unknown.scores[name],
  }));
  return all.toSorted((a, b) => found(b) - found(a))[0]!;
}
