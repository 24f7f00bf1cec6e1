import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import {
  cpSync,
  existsSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

// Each test is a whole run of the program, which a busy machine makes slow.
const patience = 120_000;

// Threads and processes run built output.
const main = fileURLToPath(new URL('../dist/main.js', import.meta.url));
const small = ['--train-size', '640', '--test-size', '300', '--epochs', '4', '--cycles', '2'];
const folder = mkdtempSync(join(tmpdir(), 'demo-'));
afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

function demo(out: string, ...flags: string[]) {
  return spawnSync(process.execPath, [main, '--out', join(folder, out), ...flags], {
    encoding: 'utf8',
  });
}

/** The table's cells by row name. */
function tableOf(output: string): Map<string, string[]> {
  const rows = [
    ...output.matchAll(/^(single model|best member \(\d\)|ensemble of \d) {2,}(.*)$/gm),
  ];
  return new Map(rows.map(([, name = '', cells = '']) => [name, cells.trim().split(/ {2,}/)]));
}

describe('the demo', { timeout: patience }, () => {
  let first: ReturnType<typeof demo>;
  beforeAll(() => {
    first = demo('first', ...small);
  }, patience);

  it('trains, compares, exports, serves and draws', () => {
    expect(first.stderr).toBe('');
    expect(first.status).toBe(0);
    expect(first.stdout).toContain('snapshot ensemble: 4 epochs, 40 steps in 2 cycles');
    expect(first.stdout).toContain('Backend: wasm');
    expect([...tableOf(first.stdout).keys()]).toEqual([
      'single model',
      expect.stringMatching(/^best member \([12]\)$/),
      'ensemble of 2',
    ]);
    expect(first.stdout).toMatch(/ONNX and tfjs differ by at most \d\.\de-\d/);
    expect(first.stdout.match(/^ {2}.* disagreement \d\.\d{3}: /gm)).toHaveLength(6);
    expect(first.stdout).toMatch(/^It declines \d+ % of the garments and \d+ % of the digits\.$/m);
    expect(readFileSync(join(folder, 'first/report.html'), 'utf8')).toContain('<svg');
  });

  it.each(['errors', 'likelihood, raw', 'likelihood, calibrated', 'unknown inputs found'])(
    'answers the question of %s with an interval',
    (question) => {
      const line = first.stdout.split('\n').find((text) => text.startsWith(`  ${question} `));
      expect(line).toMatch(/ (better|no clear difference|worse) .*\(gain -?[\d.]+ to -?[\d.]+\)$/);
    },
  );

  it('says of every likelihood in the table whether it is raw or calibrated', () => {
    expect(first.stdout).toMatch(/error +on the surest 90 % +NLL raw +NLL calibrated +temperature/);
  });

  it.each([
    'unknown-inputs',
    'risk-coverage',
    'reliability',
    'agreement',
    'cascade',
    'interpolation',
    'ensemble-size-likelihood',
  ])('draws %s', (picture) => {
    expect(existsSync(join(folder, `first/${picture}.svg`))).toBe(true);
  });

  it('finds an earlier run and comes to the same table', () => {
    const second = demo('first', ...small);
    expect(second.stderr).toBe('');
    expect(second.stdout).toContain('snapshot ensemble: found complete');
    expect(tableOf(second.stdout)).toEqual(tableOf(first.stdout));
  });

  it('starts over when asked, and the seed decides the result', () => {
    const members = () => readdirSync(join(folder, 'first/Ensemble/members'));
    const before = members();
    const again = demo('first', ...small, '--fresh');
    expect(again.stderr).toBe('');
    expect(members()).not.toEqual(before);
    expect(tableOf(again.stdout)).toEqual(tableOf(first.stdout));
  });

  it('goes on where it was interrupted and comes to the same table', async () => {
    const child = spawn(process.execPath, [main, '--out', join(folder, 'cut'), ...small]);
    let output = '';
    for await (const chunk of child.stdout) {
      output += String(chunk);
      if (output.includes('epoch 3')) break;
    }
    child.kill('SIGINT');
    await once(child, 'close');
    const resumed = demo('cut', ...small);
    expect(resumed.stderr).toBe('');
    expect(resumed.stdout).toMatch(
      /snapshot ensemble: found 1 of 2 members in .*, continuing after epoch [23]/,
    );
    expect(tableOf(resumed.stdout)).toEqual(tableOf(first.stdout));
  });

  describe('with bad input', () => {
    it.each([
      [['--nope'], "unknown option '--nope'"],
      [['surplus'], 'too many arguments'],
      [['--epochs', '0'], 'Allowed is a whole number from 1 to 1000'],
      [['--backend', 'webgl'], 'Allowed choices are wasm, tensorflow.'],
      [['--backend', 'tensorflow'], 'needs @tensorflow/tfjs-node, which is not installed'],
      [['--train-size', '1e9'], 'Allowed is a whole number from 100 to 5000'],
      [['--train-size', '100', '--epochs', '1', '--cycles', '5'], 'Allowed are up to 0;'],
    ])('%s: one line, exit code 1, nothing written', (flags, message) => {
      const { status, stdout, stderr } = demo('untouched', ...flags);
      expect(stderr).toContain(message);
      expect(stderr.trimEnd().split('\n')).toHaveLength(1);
      expect(stdout).toBe('');
      expect(status).toBe(1);
      expect(existsSync(join(folder, 'untouched'))).toBe(false);
    });

    it('refuses other flags than those of the run that is there', () => {
      const { status, stderr } = demo('first', ...small, '--seed', '2');
      expect(stderr).toContain('Use the same flags, add --fresh to start over');
      expect(status).toBe(1);
    });

    it('names a corrupt member and what to do', () => {
      cpSync(join(folder, 'first'), join(folder, 'corrupt'), { recursive: true });
      const members = join(folder, 'corrupt/Ensemble/members');
      const member = join(members, readdirSync(members)[0]!);
      const bytes = readFileSync(member);
      bytes[bytes.length - 1]! ^= 1;
      writeFileSync(member, bytes);
      const { status, stderr } = demo('corrupt', ...small);
      expect(stderr).toMatch(/^"members\/.*" is damaged: .*\n$/);
      expect(status).toBe(1);
    });

    it('names a port in use', async () => {
      const server = createServer().listen(0, '127.0.0.1');
      await once(server, 'listening');
      const { port } = server.address() as AddressInfo;
      const { status, stderr } = demo('first', ...small, '--port', String(port));
      server.close();
      expect(stderr).toContain(`Cannot listen on 127.0.0.1:${port}: the port is in use.`);
      expect(stderr.trimEnd().split('\n')).toHaveLength(1);
      expect(status).toBe(1);
    });
  });
});
