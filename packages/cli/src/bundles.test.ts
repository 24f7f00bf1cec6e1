import { readdir, readFile, utimes, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { readBundle, smokeFiles, writeBundle } from '@snapshot-ensemble/ensemble-bundle';
import { bundleDirectory } from '@snapshot-ensemble/ensemble-bundle/node';
import { describe, expect, it } from 'vitest';
import { copyWithFlippedByte, placeInBundle, useFolder } from '../test/fixtures.ts';
import { runCli, startCli } from '../test/run-cli.ts';

const folder = useFolder({ bundle: true });
const inside = (name: string): string => join(folder.path, name);
const cli = (...argv: readonly string[]) => runCli(argv, { directory: folder.path });

/** The bundle, with one expected number of its smoke test a little off. */
async function writeWrongExpectation(to: string): Promise<void> {
  const bundle = await readBundle(bundleDirectory(inside('bundle')));
  const { request, expected } = (await bundle.readSmokeTest())!;
  const [first, ...others] = expected.outputs;
  const [value, ...values] = first!.data;
  const outputs = [{ ...first!, data: [Number(value) + 0.001, ...values] }, ...others];
  await writeBundle(bundleDirectory(to), {
    manifest: bundle.manifest,
    files: {
      'ensemble.onnx': await bundle.readGraph(),
      ...smokeFiles({ request, expected: { ...expected, outputs } }),
    },
  });
}

describe('collect of a bundle', () => {
  it('removes old revisions after a dry run, and none that a reader has open', async () => {
    const place = inside('collected');
    const source = await readBundle(bundleDirectory(inside('bundle')));
    const write = async (): Promise<string> => {
      const files = { 'ensemble.onnx': await source.readGraph() };
      await writeBundle(bundleDirectory(place), { manifest: source.manifest, files });
      const revision = (await readFile(join(place, 'current'), 'utf8')).trim();
      // Young revisions stay, for readers that cannot say that they read.
      await utimes(join(place, revision), 0, 0);
      return revision;
    };
    const old = await write();
    const reader = await readBundle(bundleDirectory(place));
    const middle = await write();
    const current = await write();
    expect((await cli('collect', 'collected', '--dry-run')).stdout.split('\n')).toEqual(
      expect.arrayContaining([
        `Would remove revision ${middle}`,
        `Kept ${old}: process ${process.pid} has it open`,
      ]),
    );
    expect(await readdir(place)).toContain(middle);
    expect((await cli('collect', 'collected')).stdout).toContain(`Removed revision ${middle}`);
    await reader.verify();
    await reader.close();
    await source.close();
    const { removed } = JSON.parse((await cli('collect', 'collected', '--json')).stdout) as {
      readonly removed: readonly string[];
    };
    expect(removed).toEqual([old]);
    expect((await cli('collect', 'collected')).stdout).toBe('Nothing to collect.\n');
    // Nor do the commands themselves keep it open.
    expect((await cli('inspect', 'collected')).code).toBe(0);
    expect(await readdir(join(place, '.leases'))).toEqual([]);
    expect(await readdir(place)).toContain(current);
  });
});

describe('tune', () => {
  it('measures, and leaves its choice beside the bundle', async () => {
    const { code, stdout, stderr } = await cli('tune', 'bundle', '--seconds', '1');
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toMatch(/^latency .* ms per row +chosen$/m);
    expect(stdout).toMatch(/^throughput .* rows\/s +chosen$/m);
    expect(stdout).toContain(`Written to ${join('bundle', 'tuning.json')}.`);
    expect(JSON.parse(await readFile(inside('bundle/tuning.json'), 'utf8'))).toHaveProperty(
      'choices.throughput.workers',
    );
  });
});

describe('export', () => {
  it('takes the last members, names, labels and kind that are asked for', async () => {
    const made = await cli(
      ...['export', 'Ensemble', '--out', 'named', '--last', '2', '--name', 'tiny', '--opset', '18'],
      ...['--labels', 'dense=a,b,c', '--no-smoke'],
    );
    expect(made).toMatchObject({
      code: 0,
      stderr: '',
      stdout: expect.stringMatching(/^Wrote named: 2 members, fused, /),
    });
    const { manifest } = await readBundle(bundleDirectory(inside('named')));
    expect(manifest).toMatchObject({ name: 'tiny', opset: 18, labels: { dense: ['a', 'b', 'c'] } });
    expect(manifest.members.map(({ step }) => step)).toEqual([200, 300]);
    expect(Object.keys(manifest.files)).toEqual(['ensemble.onnx', 'CARD.md']);
  });

  it.each([
    ['probabilities', ['', '.predictive_entropy', '.expected_entropy', '.mutual_information']],
    ['regression', ['', '.variance']],
  ])('compares members and ensemble with TensorFlow.js when asked: %s', async (kind, beside) => {
    const { code, stdout, stderr } = await cli(
      ...['export', 'Ensemble', '--out', `checked-${kind}`, '--kind', kind, '--check'],
    );
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    for (const suffix of [...beside, '.members'])
      expect(stdout).toMatch(new RegExp(`^dense${suffix} +\\S+ +ok$`, 'm'));
  });

  it('refuses a kind that the last layer rules out', async () => {
    const refused = await cli('export', 'Ensemble', '--out', 'wrong', '--kind', 'logits');
    expect(refused).toEqual({
      code: 2,
      stdout: '',
      stderr:
        'error: in "Ensemble": The policy of output "dense" is of kind "logits", but the members end in Softmax, which gives probabilities: use kind "probabilities".\n',
    });
  });

  it('writes the form, precision and members asked for, with a smoke request that the members answered', async () => {
    const made = await cli(
      ...['export', 'Ensemble', '--out', 'small', '--form', 'stacked', '--precision', 'float16'],
      ...['--members', '0,2'],
    );
    expect(made).toMatchObject({
      code: 0,
      stderr: '',
      stdout: expect.stringMatching(/^Wrote small: 2 members, stacked, float16, /),
    });
    const bundle = await readBundle(bundleDirectory(inside('small')));
    expect(bundle.manifest).toMatchObject({ form: 'stacked', precision: 'float16' });
    expect(bundle.manifest.members.map(({ step }) => step)).toEqual([100, 300]);
    expect(Object.keys(bundle.manifest.provenance)).toContain('run');
    expect(bundle.manifest.provenance['store']).toBe('Ensemble');
    expect(new TextDecoder().decode(await bundle.readFile('CARD.md'))).toContain('# small');
    expect((await cli('verify', 'small')).code).toBe(0);
  });

  it('compares a reduced precision with float32 on the rows given', async () => {
    const rows = 70;
    const request = {
      inputs: [
        {
          name: 'dense_input',
          datatype: 'FP32',
          shape: [rows, 2],
          data: Array.from({ length: 2 * rows }, (_, at) => Math.sin(at)),
        },
      ],
      labels: Array.from({ length: rows }, (_, row) => row % 2),
    };
    await writeFile(inside('rows.json'), JSON.stringify(request));
    const given = ['export', 'Ensemble', '--rows', 'rows.json', '--out'];
    for (const precision of ['float16', 'int8-dynamic', 'int8-static']) {
      const { code, stdout, stderr } = await cli(...given, precision, '--precision', precision);
      expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
      expect(stdout).toMatch(
        /^dense against float32: on 70 rows [\d.]+ of the size, [\d.]+ × the speed at 64 rows, agreement [\d.]+ %, largest difference \S+, accuracy [\d.]+ % \(float32 [\d.]+ %\)$/m,
      );
    }
    expect(await cli(...given, 'full')).toMatchObject({
      code: 2,
      stderr:
        'error: export: --rows is for a reduced precision, and this one is float32. Add --precision, or leave --rows out.\n',
    });
    await writeFile(inside('rows.json'), JSON.stringify({ ...request, labels: [1] }));
    expect((await cli(...given, 'few', '--precision', 'float16')).stderr).toContain(
      'has "labels" that are not one class for each row',
    );
  });

  it('replaces a bundle only when asked', async () => {
    const refused = await cli('export', 'Ensemble', '--out', 'bundle');
    expect(refused).toEqual({
      code: 2,
      stdout: '',
      stderr:
        'error: export: "bundle" already holds a bundle. Replace it with --overwrite, or name another folder.\n',
    });
    expect((await cli('export', 'Ensemble', '--out', 'bundle', '--overwrite')).code).toBe(0);
  });
});

describe('inspect of a bundle', () => {
  it('tells what goes in, what comes out and who is in it', async () => {
    const { code, stdout } = await cli('inspect', 'bundle');
    expect(code).toBe(0);
    expect(stdout).toMatch(/^input +dense_input float32 \[rows, 2\]$/m);
    expect(stdout).toMatch(
      /^policy +dense: meanProbabilities of 3 members, probabilities, temperature 1$/m,
    );
    expect(stdout).toMatch(/^ensemble\.onnx +\d+ +\d+ bytes$/m);
    expect(stdout).toMatch(/^Gemm +3$/m);
    expect(stdout).toMatch(/Every checksum matches\.\n$/);
  });
});

describe('inspect of a graph', () => {
  it('tells operators, and whose weights take how much', async () => {
    const graph = await placeInBundle(inside('bundle'), 'ensemble.onnx');
    const { code, stdout } = await cli('inspect', join('bundle', graph));
    expect(code).toBe(0);
    expect(stdout).toMatch(/^Gemm +3$/m);
    expect(stdout).toMatch(/^m2 +2 +36 bytes$/m);
    expect((await cli('inspect', 'absent.onnx')).stderr).toMatch(/cannot read "absent.onnx"/);
  });
});

describe('a damaged bundle', () => {
  it.each(['inspect', 'verify', 'serve'])(
    'is refused by %s, which names the file',
    async (command) => {
      const damaged = `damaged-for-${command}`;
      const graph = await placeInBundle(inside('bundle'), 'ensemble.onnx');
      await copyWithFlippedByte(inside('bundle'), inside(damaged), graph);
      const { code, stderr } = await cli(command, damaged);
      expect(code).toBe(1);
      expect(stderr).toMatch(/^error: [^\n]*"ensemble\.onnx" has SHA-256 [^\n]*\n$/);
    },
  );
});

describe('verify', () => {
  it('agrees with the bundle as it was exported', async () => {
    const { code, stdout, stderr } = await cli('verify', 'bundle', '--json');
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    const { agrees, outputs } = JSON.parse(stdout) as { agrees: boolean; outputs: unknown[] };
    expect(agrees).toBe(true);
    expect(outputs).toHaveLength(4);
  });

  it('sees one expected number that is 0.001 off, and lets it pass where that is allowed', async () => {
    await writeWrongExpectation(inside('wrong'));
    const { code, stdout, stderr } = await cli('verify', 'wrong');
    expect(code).toBe(1);
    expect(stdout).toMatch(/^dense +1\.0e-3 +DIFFERS$/m);
    expect(stderr).toMatch(
      /^error: "wrong" does not give the answer that its bundle expects: output "dense": element 0 is [^\n]*\n$/,
    );
    expect((await cli('verify', 'wrong', '--absolute', '0.01')).code).toBe(0);
  });

  it('has nothing to replay in a bundle without a smoke test', async () => {
    await cli('export', 'Ensemble', '--out', 'silent', '--no-smoke');
    expect((await cli('verify', 'silent')).stderr).toBe(
      'error: "silent" has no smoke/ files, so there is nothing to replay. Export the bundle with a smoke request.\n',
    );
  });

  it.each([
    [
      '127.0.0.1:8000',
      'verify: --url "127.0.0.1:8000" is not a web address. Give one such as http://127.0.0.1:8000.',
    ],
    [
      'ftp://x',
      'verify: --url "ftp://x" is not a web address. Give one such as http://127.0.0.1:8000.',
    ],
  ])('refuses the address %s', async (url, message) => {
    expect((await cli('verify', 'bundle', '--url', url)).stderr).toBe(`error: ${message}\n`);
  });

  it('says that nobody answers', async () => {
    const server = createServer();
    const port = await listen(server);
    await new Promise((closed) => server.close(closed));
    const url = `http://127.0.0.1:${port}`;
    expect((await cli('verify', 'bundle', '--url', url)).stderr).toBe(
      `error: verify: no server answers at ${url} (connect ECONNREFUSED 127.0.0.1:${port}). Start one with snapshot-ensemble serve, or check host and port.\n`,
    );
  });
});

describe('serve', () => {
  it('answers until it is told to stop, and ends with 0', async () => {
    await writeWrongExpectation(inside('other'));
    const server = startCli(['serve', 'bundle', 'second=bundle', '--port', '0'], {
      directory: folder.path,
    });
    try {
      const [, url = ''] = await server.printed(
        /^Serving bundle at (http:.*)\/v2\/models\/bundle\n[^]*Ctrl-C stops\./m,
      );
      const verify = (...argv: readonly string[]) => cli('verify', ...argv, '--url', url);
      expect(await verify('bundle')).toMatchObject({ code: 0, stderr: '' });
      expect(await verify('bundle', '--model', 'second')).toMatchObject({ code: 0, stderr: '' });
      expect((await verify('other', '--model', 'second')).stderr).toMatch(
        /^error: http:\S+ does not give the answer that its bundle expects: output "dense": element 0 is /,
      );
      expect((await verify('bundle', '--model', 'third')).stderr).toBe(
        `error: verify: ${url}/v2/models/third/infer answered 404: There is no model "third". Models here: bundle, second. Name the model with --model.\n`,
      );
    } finally {
      server.process.kill('SIGINT');
    }
    expect(await server.ended).toMatchObject({ code: 0, stderr: '' });
  });

  it('names a port that is in use', async () => {
    const other = createServer();
    const port = await listen(other);
    try {
      expect(await cli('serve', 'bundle', '--port', String(port))).toEqual({
        code: 3,
        stdout: '',
        stderr: `error: Cannot listen on 127.0.0.1:${port}: the port is in use. Stop what listens there, or pass another port (0 takes a free one).\n`,
      });
    } finally {
      other.close();
    }
  });

  it('refuses two bundles of one name', async () => {
    expect((await cli('serve', 'bundle', 'bundle')).stderr).toBe(
      'error: serve: two bundles are called "bundle". Give one another name: other=bundle.\n',
    );
  });
});

it('leaves the smoke files as the Open Inference Protocol has them', async () => {
  const request = JSON.parse(
    await readFile(
      join(inside('bundle'), await placeInBundle(inside('bundle'), 'smoke/request.json')),
      'utf8',
    ),
  ) as unknown;
  expect(request).toMatchObject({
    inputs: [{ name: 'dense_input', datatype: 'FP32', shape: [2, 2] }],
  });
});

function listen(server: ReturnType<typeof createServer>): Promise<number> {
  return new Promise((listening) => {
    server.listen(0, '127.0.0.1', () => {
      listening((server.address() as { readonly port: number }).port);
    });
  });
}
