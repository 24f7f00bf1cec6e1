import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { meanPolicy } from '@snapshot-ensemble/ensemble-math';
import { createSnapshotStore } from '@snapshot-ensemble/snapshot-core';
import { fileBlobs } from '@snapshot-ensemble/snapshot-core/node';
import { beforeAll, describe, expect, it } from 'vitest';
import { writeGraphBackbone } from '../test/backbone.ts';
import { useFolder } from '../test/fixtures.ts';
import { runCli, startCli } from '../test/run-cli.ts';
import { commands } from './commands.ts';

const tfjs = pathToFileURL(
  fileURLToPath(new URL('../../../node_modules/@tensorflow/tfjs/dist/tf.node.js', import.meta.url)),
).href;

/** A module as a user would write it: 64 points, 4 epochs of 2 steps. */
const training = `
import tf from '${tfjs}';
export const model = tf.sequential({
  layers: [tf.layers.dense({
    inputShape: [2], units: 2, activation: 'softmax', kernelInitializer: tf.initializers.glorotUniform({ seed: 1 }),
  })],
});
model.compile({ optimizer: tf.train.sgd(0.1), loss: 'categoricalCrossentropy' });
const inputs = tf.randomNormal([64, 2], 0, 1, 'float32', 1);
export const data = { inputs, targets: tf.oneHot(inputs.sum(1).greater(0).toInt(), 2) };
export const options = () => ({ epochs: 4, shuffle: false, validationSplit: 0.25, ensemble: { cycles: 2 } });
`;

const folder = useFolder();
const inFolder = { directory: '' };
beforeAll(async () => {
  inFolder.directory = folder.path;
  await writeFile(join(folder.path, 'train.mjs'), training);
  await writeGraphBackbone(join(folder.path, 'backbone'));
  const temperate = { ...meanPolicy('probabilities', [0, 1, 2]), temperature: 1.5 };
  await writeFile(join(folder.path, 'export.json'), JSON.stringify({ policy: temperate }));
});

/** In an order in which each finds what it needs: exports come first. */
const examples = ['export', ...Object.keys(commands).filter((name) => name !== 'export')]
  .flatMap((name) => commands[name]!.examples.map((line) => ({ name, line })))
  .filter(({ name }) => name !== 'train');

describe('the examples in the help', () => {
  it.each(examples)('$line', async ({ name, line }) => {
    if (name === 'serve') {
      await serves(line);
      return;
    }
    const { code, stderr } = await runCli(line.split(' '), inFolder);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  });
});

/** Ports of the example may be taken on this machine; what is served does not depend on them. */
async function serves(line: string): Promise<void> {
  const words = line.split(' ').map((word) => (/^800[01]$/.test(word) ? '0' : word));
  const server = startCli(words, inFolder);
  await server.printed(/Ctrl-C stops/);
  server.process.kill('SIGINT');
  expect(await server.ended).toMatchObject({ code: 0, stderr: '' });
}

async function weightsIn(name: string): Promise<readonly unknown[]> {
  const store = createSnapshotStore(fileBlobs(join(folder.path, name)));
  const { members } = (await store.readManifest())!;
  const weights: unknown[] = [];
  for (const { id } of members)
    for await (const tensor of store.readMember(id)) weights.push(tensor);
  return weights;
}

describe('train', () => {
  it('prints epochs and snapshots, and finds a finished run finished', async () => {
    const { code, stdout, stderr } = await runCli(
      ['train', 'train.mjs', '--store', 'New'],
      inFolder,
    );
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toMatch(/^Training 4 epochs from the beginning\. Ctrl-C stops/);
    expect(stdout).toMatch(/^epoch 4 of 4 {2}step 8 of 8 .*val_loss /m);
    expect(stdout.match(/^snapshot of cycle \d after step \d$/gm)).toEqual([
      'snapshot of cycle 1 after step 4',
      'snapshot of cycle 2 after step 8',
    ]);
    const again = await runCli(['train', 'train.mjs', '--store', 'New'], inFolder);
    expect(again).toEqual({
      code: 0,
      stderr: '',
      stdout: 'New holds 2 members. Next: npx snapshot-ensemble inspect New\n',
    });
    await writeFile(join(folder.path, 'longer.mjs'), training.replace('epochs: 4', 'epochs: 6'));
    const longer = await runCli(['train', 'longer.mjs', '--store', 'New'], inFolder);
    expect(longer.code).toBe(2);
    expect(longer.stderr).toMatch(/^error: in "New": Cannot resume .* or pass --fresh to remove/);
  });

  it('continues after the last whole epoch and ends as if it had not stopped', async () => {
    const stopping = training.replace(
      'ensemble: { cycles: 2 }',
      `ensemble: { cycles: 2, callbacks: [
      { name: 'stop', onEpochEnd: ({ epoch }) => { if (epoch === 2) process.exit(130); } },
    ] }`,
    );
    await writeFile(join(folder.path, 'stopping.mjs'), stopping);
    const cut = ['--store', 'Cut'];
    expect((await runCli(['train', 'stopping.mjs', ...cut], inFolder)).code).toBe(130);
    const { code, stdout } = await runCli(['train', 'train.mjs', ...cut, '--json'], inFolder);
    expect(code).toBe(0);
    const events = stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, unknown>);
    expect(events[0]).toMatchObject({ kind: 'start', epochs: 4 });
    expect(Number(events[0]!['initialEpoch'])).toBeGreaterThan(0);
    expect(events.at(-1)).toEqual({ kind: 'end', store: 'Cut', members: 2 });
    await runCli(['train', 'train.mjs', '--store', 'Whole'], inFolder);
    expect(await weightsIn('Cut')).toEqual(await weightsIn('Whole'));
  });

  it.each<[string, string, RegExp]>([
    ['no file', '', /^error: train: there is no file "absent\.mjs"/],
    ['no model', 'export const data = {};', /exports no model; it exports data\. Export model/],
    ['an error inside', 'throw new Error("no such host");', /cannot load "bad\.mjs": no such host/],
    [
      'other data',
      'export const model = { fit() {}, fitDataset() {} }, data = { xs: 1 }, options = { epochs: 1 };',
      /data of "bad\.mjs" has the keys xs\. Give \{ inputs, targets \} or \{ dataset \}/,
    ],
    [
      'no epochs',
      'export const model = { fit() {}, fitDataset() {} }, data = { dataset: 1 }, options = {};',
      /options of "bad\.mjs" has epochs undefined/,
    ],
  ])('refuses a module with %s', async (_, text, message) => {
    if (text !== '') await writeFile(join(folder.path, 'bad.mjs'), text);
    const file = text === '' ? 'absent.mjs' : 'bad.mjs';
    const { code, stderr } = await runCli(['train', file], inFolder);
    expect(code).toBe(2);
    expect(stderr).toMatch(message);
  });
});
