import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { cp, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import type { BundleManifest } from '@snapshot-ensemble/ensemble-bundle';
import { placeInBundle, useFolder } from '../test/fixtures.ts';
import { runCli, startCli } from '../test/run-cli.ts';

const folder = useFolder({ bundle: true });
const cli = (...argv: readonly string[]) => runCli(argv, { directory: folder.path });

/** The bucket `models`: `models/digits` is the bundle. */
const asked: string[] = [];
let server: Server;
beforeAll(async () => {
  server = createServer((request, response) => {
    const [, bucket, name, ...path] = new URL(request.url!, 'http://s3').pathname.split('/');
    asked.push(path.join('/'));
    const isSigned = request.headers.authorization?.includes('Credential=the-id/') === true;
    readFile(join(folder.path, 'bundle', ...path)).then(
      (bytes) => {
        if (bucket !== 'models' || name !== 'digits' || !isSigned) response.writeHead(403).end();
        else response.writeHead(200, { etag: '"1"', 'content-length': bytes.length }).end(bytes);
      },
      () => response.writeHead(404).end('<Error><Code>NoSuchKey</Code></Error>'),
    );
  });
  await new Promise<void>((listening) => {
    server.listen(0, '127.0.0.1', listening);
  });
});
afterAll(() => {
  server.closeAllConnections();
  server.close();
});
afterEach(() => {
  vi.unstubAllEnvs();
});

function useBucket(): void {
  const { port } = server.address() as AddressInfo;
  vi.stubEnv('AWS_ENDPOINT_URL', `http://127.0.0.1:${port}/`);
  vi.stubEnv('AWS_ACCESS_KEY_ID', 'the-id');
  vi.stubEnv('AWS_SECRET_ACCESS_KEY', 'the-secret');
}

describe('serve s3://', () => {
  it('answers as the bundle expects, and fetches each file once', async () => {
    useBucket();
    const graph = await placeInBundle(join(folder.path, 'bundle'), 'ensemble.onnx');
    for (const name of ['bundle', 'again']) {
      const words = name === 'bundle' ? 's3://models/digits' : `${name}=s3://models/digits`;
      const running = startCli(['serve', words, '--port', '0', '--cache', 'cache'], {
        directory: folder.path,
      });
      const [, url = ''] = await running.printed(/Open (\S+)\/ or /);
      expect(await cli('verify', 'bundle', '--url', url, '--model', name)).toMatchObject({
        code: 0,
      });
      running.process.kill('SIGINT');
      expect(await running.ended).toMatchObject({ code: 0, stderr: '' });
    }
    expect(asked.filter((path) => path === graph)).toHaveLength(1);
  });

  it.each<[string, string, RegExp]>([
    ['a bundle that is not there', 's3://models/none', /in "s3:\/\/models\/none": /],
    ['an address without a bucket', 's3:///digits', /"s3:\/\/\/digits" has no bucket/],
  ])('refuses %s', async (_, place, message) => {
    useBucket();
    const { code, stderr } = await cli('serve', place, '--port', '0', '--cache', 'cache');
    expect(stderr).toMatch(message);
    expect(code).not.toBe(0);
  });

  it('says which credentials are missing', async () => {
    vi.stubEnv('AWS_ACCESS_KEY_ID', undefined);
    const { code, stderr } = await cli('serve', 's3://models/digits');
    expect(stderr).toMatch(/AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY .* are not set/);
    expect(code).not.toBe(0);
  });
});

it('deploy s3:// writes what it writes for the folder', async () => {
  useBucket();
  const models: Buffer[] = [];
  for (const [place, out] of [
    ['bundle', 'from-folder'],
    ['s3://models/digits', 'from-bucket'],
  ] as const) {
    const made = await cli('deploy', 'triton', place, '--name', 'm', '--out', out);
    expect(made).toMatchObject({ code: 0, stderr: '' });
    models.push(await readFile(join(folder.path, out, 'm/1/model.onnx')));
  }
  expect(models[1]!.equals(models[0]!)).toBe(true);
});

describe('export of a sweep', () => {
  beforeAll(async () => {
    for (const run of ['lr-0.1', 'lr-0.2'])
      await cp(join(folder.path, 'Ensemble'), join(folder.path, 'sweep', run), { recursive: true });
  });

  it('chooses one ensemble from the members of all stores', async () => {
    const made = await cli(
      ...['export', 'sweep', '--sweep', '--best', '4', '--metric', 'val_acc'],
      ...['--out', 'swept', '--no-smoke', '--name', 'swept'],
    );
    expect(made).toMatchObject({ code: 0, stderr: '' });
    const at = await placeInBundle(join(folder.path, 'swept'), 'ensemble.json');
    const text = await readFile(join(folder.path, 'swept', at), 'utf8');
    const { members } = JSON.parse(text) as BundleManifest;
    // val_acc rises with each cycle of the example run.
    expect(members.map(({ id }) => id.replace(/-[^-]*$/, ''))).toEqual([
      'lr-0.1/step-00000200',
      'lr-0.1/step-00000300',
      'lr-0.2/step-00000200',
      'lr-0.2/step-00000300',
    ]);
  });

  it.each<[string, readonly string[], RegExp]>([
    [
      'more than there are',
      ['--best', '9', '--metric', 'loss'],
      /--best is 9, but the store has 6 members/,
    ],
    ['a metric that nobody has', ['--best', '2', '--metric', 'auc'], /has no metric "auc"/],
    ['the best of nothing said', ['--best', '2'], /--best and --metric go together/],
    ['two choices', ['--best', '2', '--metric', 'loss', '--last', '1'], /exclude each other/],
  ])('refuses %s', async (_, flags, message) => {
    const { code, stderr } = await cli('export', 'sweep', '--sweep', ...flags, '--out', 'refused');
    expect(stderr).toMatch(message);
    expect(code).not.toBe(0);
  });

  it('refuses a folder without stores', async () => {
    const { code, stderr } = await cli('export', 'bundle', '--sweep', '--out', 'refused');
    expect(stderr).toMatch(/no snapshot store below/);
    expect(code).not.toBe(0);
  });
});
