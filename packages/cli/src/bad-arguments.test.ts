import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { useFolder } from '../test/fixtures.ts';
import { runCli } from '../test/run-cli.ts';

const folder = useFolder();
beforeAll(async () => {
  await mkdir(join(folder.path, 'empty'));
  await writeFile(join(folder.path, 'file'), '');
});

const steps = ['--total-steps', '100'];
const list =
  'train, inspect, plot, report, export, repair, collect, verify, tune, serve, deploy, doctor';
const seePlot = 'See snapshot-ensemble plot --help.';

describe('one clear line and exit code 2', () => {
  it.each<[string, string]>([
    ['trian', `unknown command 'trian'. Commands: ${list}. See snapshot-ensemble --help.`],
    ['help trian', `unknown command 'trian'. Commands: ${list}. See snapshot-ensemble --help.`],
    [
      '--jsn',
      "unknown option '--jsn'. Options: --version, --debug, --help. See snapshot-ensemble --help.",
    ],
    [
      'inspect Ensemble --jsn',
      "unknown option '--jsn' (Did you mean --json?). Options: --json, --help. See snapshot-ensemble inspect --help.",
    ],
    [
      'inspect',
      "missing required argument 'folder'. Usage: inspect [options] <folder>. See snapshot-ensemble inspect --help.",
    ],
    [
      'doctor now',
      "too many arguments for 'doctor'. Expected 0 arguments but got 1. Usage: doctor [options]. See snapshot-ensemble doctor --help.",
    ],
    [
      'inspect nowhere',
      'there is no folder "nowhere". Give the folder of a snapshot store (it holds manifest.json) or of a bundle (it holds current or ensemble.json).',
    ],
    [
      'inspect file',
      '"file" is a file. Give the folder of a snapshot store (it holds manifest.json) or of a bundle (it holds current or ensemble.json).',
    ],
    [
      'report empty',
      '"empty" is neither a snapshot store nor a bundle. Give the folder of a snapshot store (it holds manifest.json).',
    ],
    [
      'serve Ensemble',
      '"Ensemble" is a snapshot store (it holds manifest.json). Give the folder of a bundle (it holds current or ensemble.json).',
    ],
    [
      'serve Ensemble --port 70000',
      "option '--port <number>' argument '70000' is invalid. Give a port, 0 to 65535 (0 takes any that is free). See snapshot-ensemble serve --help.",
    ],
    [
      'report Ensemble --output file',
      'cannot write "file": a file of that name is in the way. Name another folder.',
    ],
    [
      'export Ensemble --out out --last 4',
      'export: --last is 4, but the store has 3 members. Give at most 3.',
    ],
    [
      'export Ensemble --out out --labels a,b,c',
      "option '--labels <output=a,b,…>' argument 'a,b,c' is invalid. Give the output and its classes, such as digit=zero,one,two. See snapshot-ensemble export --help.",
    ],
    [
      'export model.json --out model.txt',
      'export: --out "model.txt" does not end in .onnx. Name a file such as model.onnx.',
    ],
    [
      'export model.json --out model.onnx --last 2',
      'export: --last is for stores; a model.json becomes a single file. Leave it out, or export a store.',
    ],
    [
      'export Ensemble',
      "required option '--out <path>' not specified. See snapshot-ensemble export --help.",
    ],
    [
      'export Ensemble --out out --opset 9',
      "option '--opset <version>' argument '9' is invalid. Give a whole number from 17 to 21. See snapshot-ensemble export --help.",
    ],
    [
      'serve bundle --limit 3',
      "option '--limit <name=number>' argument '3' is invalid. Give name=value. See snapshot-ensemble serve --help.",
    ],
    [
      'export model.json --out model.onnx --best 2',
      'export: --best is for stores; a model.json becomes a single file. Leave it out, or export a store.',
    ],
  ])('%s', async (line, message) => {
    const outcome = await runCli(line.split(' '), { directory: folder.path });
    expect(outcome).toEqual({ code: 2, stdout: '', stderr: `error: ${message}\n` });
  });

  it.each<[string, readonly string[], string | RegExp]>([
    [
      'no budget',
      [],
      'plot: no budget is given. Give --total-steps alone, or --total-epochs with --steps-per-epoch.',
    ],
    [
      'half a budget',
      ['--total-epochs', '3'],
      'plot: the budget is --total-epochs. Give --total-steps alone, or --total-epochs with --steps-per-epoch.',
    ],
    [
      'a budget in two units',
      [...steps, '--total-epochs', '3'],
      'plot: the budget is --total-steps and --total-epochs. Give --total-steps alone, or --total-epochs with --steps-per-epoch.',
    ],
    [
      'no number',
      ['--total-steps', 'many'],
      `option '--total-steps <count>' argument 'many' is invalid. Give a whole number from 1. ${seePlot}`,
    ],
    ['no value', ['--total-steps'], `option '--total-steps <count>' argument missing. ${seePlot}`],
    [
      'more cycles than steps',
      [...steps, '--cycles', '101'],
      /^error: plot: 101 cycles do not fit into 100 steps\. [^\n]*\n$/,
    ],
    [
      'two kinds of cycles',
      [...steps, '--cycles', '2', '--cycle-length', '30'],
      'plot: --cycles 2 asks for cycles of equal length and --cycle-length 30 for cycles that grow. Give only one of them.',
    ],
    [
      'a growth of nothing',
      [...steps, '--cycle-length-multiplier', '2'],
      'plot: --cycle-length-multiplier and --on-remainder are for cycles that grow. Give --cycle-length as well, or leave them out.',
    ],
    [
      'a budget that leaves a rest',
      [...steps, '--cycle-length', '30', '--on-remainder', 'refuse'],
      /^error: plot: [^\n]* 25 steps [^\n]* 75 or 143 steps[^\n]* --on-remainder fit\.\n$/,
    ],
    [
      'an unknown curve',
      [...steps, '--curve', 'cubic'],
      `option '--curve <name>' argument 'cubic' is invalid. Allowed choices are cosine, linear. ${seePlot}`,
    ],
    [
      'a floor above the peak',
      [...steps, '--lr-init', '0.1', '--lr-min', '0.2'],
      /^error: plot: --lr-min of cycle 0 [^\n]* raise --lr-init\.\n$/,
    ],
    [
      'an unknown kind of file',
      [...steps, '--output', 'plot.png'],
      'plot: cannot write "plot.png": the ending ".png" is unknown. Name a file that ends in .svg, .html or .json.',
    ],
    [
      'a file in no folder',
      [...steps, '--output', 'nowhere/plot.svg'],
      'cannot write "nowhere/plot.svg": its folder does not exist. Make the folder first, or name another file.',
    ],
  ])('plot: %s', async (_, flags, message) => {
    const { code, stdout, stderr } = await runCli(['plot', ...flags], { directory: folder.path });
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    if (typeof message === 'string') expect(stderr).toBe(`error: ${message}\n`);
    // In the words of another package, which may choose others.
    else expect(stderr).toMatch(message);
  });

  it('shows where an error came from with --debug, before the command or after it', async () => {
    for (const argv of [
      ['--debug', 'inspect', 'nowhere'],
      ['inspect', 'nowhere', '--debug'],
    ]) {
      const { code, stderr } = await runCli(argv, { directory: folder.path });
      expect(code).toBe(2);
      expect(stderr).toMatch(/^error: there is no folder "nowhere"[^\n]*\nUsageError: /);
      expect(stderr).toMatch(/\n {4}at /);
    }
  });
});
