import type { Command } from 'commander';
import { resolve } from 'node:path';
import {
  compareAnswer,
  type AnswerComparison,
  type OpenInferenceTensor,
  type SmokeTest,
} from '@snapshot-ensemble/ensemble-bundle';
import { inCommands } from '../advice.ts';
import type { Surroundings } from '../command.ts';
import { verify as verifyBlobs } from '@snapshot-ensemble/snapshot-core';
import { inFolder, openFolder, type OpenBundle, type OpenStore } from '../folders.ts';
import { bytes, plural } from '../numbers.ts';
import { CheckFailedError, UsageError } from '../run-main.ts';
import { textTable } from '../text-table.ts';
import { count, notNegative } from '../values.ts';
import { answerLocally } from '../verify/answer-locally.ts';
import { answerRemotely } from '../verify/answer-remotely.ts';

interface VerifyFlags {
  readonly url?: string;
  readonly model?: string;
  readonly timeout: number;
  readonly absolute?: number;
  readonly relative?: number;
  readonly json?: true;
}

export function define(command: Command, surroundings: Surroundings): void {
  command
    .description(
      "Replays the bundle's smoke request and compares the answer with the expected one: in this process, or on " +
        'any Open Inference Protocol v2 server (our own, Triton, KServe, MLServer). For a snapshot store it compares every ' +
        'checksum.',
    )
    .argument('<folder>', 'a bundle, or a snapshot store')
    .option('--url <url>', 'server to ask, e.g. http://127.0.0.1:8000')
    .option('--model <name>', "the model's name there (default: the bundle's)")
    .option('--timeout <ms>', 'how long the server may take', count, 30_000)
    .option('--absolute <number>', "allowed difference (default: the bundle's)", notNegative)
    .option(
      '--relative <number>',
      "allowed relative difference (default: the bundle's)",
      notNegative,
    )
    .option('--json', 'print the comparison as JSON')
    .action((folder: string, flags: VerifyFlags) => verify(folder, flags, surroundings));
}

async function verify(
  folder: string,
  flags: VerifyFlags,
  surroundings: Surroundings,
): Promise<void> {
  const opened = await openFolder(folder, surroundings.directory);
  if (opened.kind === 'store') await verifyStore(folder, opened, flags, surroundings);
  else await replay(folder, opened, flags, surroundings);
}

async function verifyStore(
  folder: string,
  { blobs }: OpenStore,
  { json }: VerifyFlags,
  { print, progress }: Surroundings,
): Promise<void> {
  progress(`verifying ${folder}`);
  const { faults, intactBytes, manifest } = await verifyBlobs(blobs);
  const text = `${plural(manifest.members.length, 'member')}; ${bytes(intactBytes)} match the manifest, ${plural(faults.length, 'fault')}.\n`;
  print(json === true ? `${JSON.stringify({ intactBytes, faults }, undefined, 2)}\n` : text);
  if (faults.length > 0)
    throw new CheckFailedError(
      `in "${folder}": ${faults.map(({ message }) => inCommands(message, folder)).join(' ')}`,
    );
}

async function replay(
  folder: string,
  opened: OpenBundle,
  flags: VerifyFlags,
  { print, progress, directory }: Surroundings,
): Promise<void> {
  progress(`replaying the smoke request of ${folder}`);
  const { request, expected } = await smokeOf(folder, opened);
  const { absolute = expected.parameters.absolute, relative = expected.parameters.relative } =
    flags;
  const { url, model = expected.model_name, timeout } = flags;
  const outputs = expected.outputs.map(({ name }) => name);
  const answer: readonly OpenInferenceTensor[] =
    url === undefined
      ? await answerLocally(resolve(directory, folder), request, outputs)
      : await answerRemotely({ url, model, timeoutMs: timeout }, request, outputs);
  const comparisons = compareAnswer({ ...expected, parameters: { absolute, relative } }, answer);
  const failures = comparisons.filter(({ problem }) => problem !== undefined);
  print(
    flags.json === true
      ? `${JSON.stringify({ agrees: failures.length === 0, absolute, relative, outputs: comparisons }, undefined, 2)}\n`
      : comparisonText(comparisons),
  );
  if (failures.length > 0)
    throw new CheckFailedError(
      `${url ?? `"${folder}"`} does not give the answer that its bundle expects: ${failures.map(({ output, problem = '' }) => `output "${output}": ${problem}`).join('; ')}. Allowed: ${absolute} + ${relative} · |expected|. Is it the same bundle? Widen with --absolute, --relative.`,
    );
}

async function smokeOf(folder: string, { bundle }: OpenBundle): Promise<SmokeTest> {
  let smoke: SmokeTest | undefined;
  try {
    await bundle.verify();
    smoke = await bundle.readSmokeTest();
  } catch (error) {
    throw inFolder(folder, error);
  } finally {
    await bundle.close();
  }
  if (smoke !== undefined) return smoke;
  throw new UsageError(
    `"${folder}" has no smoke/ files, so there is nothing to replay. Export the bundle with a smoke request.`,
  );
}

function comparisonText(comparisons: readonly AnswerComparison[]): string {
  const rows = comparisons.map(({ output, largestDifference, problem }) => [
    output,
    largestDifference.toExponential(1),
    problem === undefined ? 'ok' : 'DIFFERS',
  ]);
  return textTable([['output', 'largest difference', ''], ...rows]);
}
