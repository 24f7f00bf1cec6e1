import { cp } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { useFolder } from '../test/fixtures.ts';
import { runCli, startCli } from '../test/run-cli.ts';
import { commands } from './commands.ts';

const folder = useFolder({ bundle: true });

async function json(line: string): Promise<unknown> {
  const { code, stdout, stderr } = await runCli(line.split(' '), { directory: folder.path });
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  return JSON.parse(stdout);
}

describe('--json', () => {
  it.each(Object.keys(commands))('is an option of %s', async (name) => {
    expect((await runCli([name, '--help'])).stdout).toMatch(/^ +--json /m);
  });

  it('of export has the manifest and what --check compared', async () => {
    expect(await json('export Ensemble --out checked --last 2 --check --json')).toMatchObject({
      out: 'checked',
      manifest: { form: 'fused', members: [{ cycle: 1 }, { cycle: 2 }] },
      notStacked: [],
      check: expect.arrayContaining([expect.objectContaining({ output: 'dense', isClose: true })]),
    });
  });

  it('of export has the files, inputs and outputs of a model', async () => {
    const source = '../../export-onnx/test/golden/python-converter/keras-2-classifier-uint8';
    await cp(fileURLToPath(new URL(source, import.meta.url)), join(folder.path, 'saved'), {
      recursive: true,
    });
    expect(await json('export saved/model.json --out model.onnx --json')).toMatchObject({
      out: 'model.onnx',
      files: [{ path: 'model.onnx' }],
      outputs: [{ name: 'classes' }],
    });
  });

  it('of report and deploy has the files that they wrote', async () => {
    expect(await json('report Ensemble --json')).toMatchObject({
      files: expect.arrayContaining([join('report', 'report.html')]),
    });
    expect(await json('deploy docker bundle --out image --json')).toMatchObject({
      target: 'docker',
      out: 'image',
      files: expect.arrayContaining(['Dockerfile', 'README.md']),
      bytes: expect.any(Number),
    });
  });

  it('of serve has a line when it listens and a line when it stops', async () => {
    const server = startCli(['serve', 'bundle', '--port', '0', '--json'], {
      directory: folder.path,
    });
    await server.printed(/\n/);
    server.process.kill('SIGINT');
    const { stdout } = await server.ended;
    const events = stdout.trim().split('\n');
    expect(events.map((line) => JSON.parse(line) as unknown)).toEqual([
      {
        kind: 'listening',
        url: expect.stringMatching(/^http:\/\/127\.0\.0\.1:\d+$/),
        models: ['bundle'],
      },
      { kind: 'stopping', signal: 'SIGINT' },
    ]);
  });
});
