import { memberOutputs, uncertainty } from '@snapshot-ensemble/ensemble-math';
import { serve } from '@snapshot-ensemble/ensemble-server';
import { chooseBackend } from './backend.ts';
import { loadData } from './data.ts';
import { checkParity, exportBundle, openBundle } from './deployment.ts';
import { chooseRival, predictMembers } from './evaluation.ts';
import type { QuickstartOptions } from './options.ts';
import { writeReport } from './picture.ts';
import type { Screen } from './progress.ts';
import { askServer, formatAnswers, interestingImages } from './queries.ts';
import { rivalRecipes, snapshotRecipe } from './recipes.ts';
import { formatTable, lastMembers, scoreRows, verdicts, winner } from './scores.ts';
import { claimFolder } from './settings.ts';
import { toTensors } from './tensors.ts';
import { train, type TrainedRun } from './training.ts';

/** The whole road: train, compare, export, check, serve, ask, draw. */
export async function runQuickstart(options: QuickstartOptions, screen: Screen): Promise<void> {
  const { out, cycles } = options;
  if ((await claimFolder(options)) === 'found')
    screen.print(`Found an earlier run in ${out}/ and go on with it; --fresh starts over.`);
  const { tf, name: backend } = await chooseBackend();
  const data = await loadData(options);
  screen.print(
    `MNIST: ${data.train.count} images to train on, ${data.validation.count} to choose on, ${data.test.count} to report on\nBackend: ${backend}\n`,
  );

  const tensors = { train: toTensors(tf, data.train), validation: toTensors(tf, data.validation) };
  const context = { tf, options, screen, ...tensors };
  const ensembleRun = await train(context, snapshotRecipe(cycles));
  const rivalRuns: TrainedRun[] = [];
  for (const recipe of rivalRecipes) rivalRuns.push(await train(context, recipe));
  const rivals = await chooseRival(tf, rivalRuns, tensors.validation, data.validation);
  const rival = rivals[0]!;
  screen.print(
    `\nThe rival, chosen on validation images: ${rivals.map(({ run, validationError }) => `${run.recipe.name} ${(100 * validationError).toFixed(2)} %`).join(', ')}\n`,
  );

  const test = toTensors(tf, data.test);
  const { labels } = data.test;
  const members = await predictMembers(tf, ensembleRun, test);
  const onTest = memberOutputs(await predictMembers(tf, rival.run, test), 0);
  const rows = scoreRows({ name: rival.run.recipe.name, outputs: onTest }, members, labels);
  const onValidation = await predictMembers(tf, ensembleRun, tensors.validation);
  const won = winner(rows);
  const chance = verdicts({
    fit: { predictions: onValidation, labels: data.validation.labels },
    report: { predictions: members, labels },
    rival: { fit: rival.onValidation, report: onTest },
  });
  screen.print(
    `On the ${data.test.count} test images:\n\n${formatTable(rows)}\n\n${won}\n${chance}\n`,
  );

  const folder = await exportBundle(out, ensembleRun, data, members);
  const ensemble = await openBundle(folder);
  const difference = await checkParity(ensemble, data, lastMembers(members, cycles));
  await ensemble.close();
  screen.print(
    `Exported ${folder}/: on the test images ONNX and tfjs differ by at most ${difference.toExponential(1)} (on ${ensemble.device.used})`,
  );

  const server = await serve({ bundles: { mnist: folder }, port: options.port });
  try {
    screen.print(`Serving it on ${server.url}; asking about a few digits:`);
    const { inputs, outputs } = ensemble.manifest;
    const model = { name: 'mnist', input: inputs[0]!.name, output: outputs[0]!.name };
    const { predictiveEntropy } = uncertainty(members, { kind: 'probabilities' });
    const indices = interestingImages(predictiveEntropy, 3, 3);
    screen.print(formatAnswers(await askServer(server.url, model, data.test, indices)));
  } finally {
    await server.close();
  }

  const page = await writeReport(options, ensembleRun, rows, { verdict: won, backend });
  screen.print(`\nDrew ${page}; open it in a browser.`);
}
