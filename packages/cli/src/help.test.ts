import { readFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { runCli } from '../test/run-cli.ts';
import { commands } from './commands.ts';

/** Prints the address of every module that Node loads, on standard error. */
const tracing = `data:text/javascript,${encodeURIComponent(`
import { register } from 'node:module';
register('data:text/javascript,' + encodeURIComponent(\`
import { writeSync } from 'node:fs';
export async function load(url, context, next) { writeSync(2, url + '\\\\n'); return next(url, context); }
\`));
`)}`;

async function modulesOf(argv: readonly string[]): Promise<string> {
  const { code, stderr } = await runCli(argv, { nodeFlags: ['--import', tracing] });
  expect(code).toBe(0);
  return stderr;
}

/** Lines of the description that end before the margin, though neither a sentence nor a list does. */
function brokenEarly(help: string): readonly string[] {
  const lines = help.split('\n');
  const paragraph = lines.slice(2, lines.indexOf('', 2));
  return paragraph.filter((line, index) => {
    const next = paragraph[index + 1];
    if (next === undefined || next.startsWith('  ') || /^ {2}|\.$/.test(line)) return false;
    return line.length + 1 + next.split(' ')[0]!.length <= 80;
  });
}

describe('help', () => {
  it.each([[[]], [['--help']], [['help']]])('lists every command: %j', async (argv) => {
    const { code, stdout } = await runCli(argv);
    expect(code).toBe(0);
    for (const name of Object.keys(commands))
      expect(stdout).toMatch(new RegExp(`^  ${name} `, 'm'));
  });

  it.each(Object.entries(commands))('explains %s, with examples', async (name, { examples }) => {
    const { code, stdout, stderr } = await runCli(['help', name]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toMatch(`Usage: snapshot-ensemble ${name} `);
    for (const line of examples) expect(stdout).toContain(`  npx snapshot-ensemble ${line}\n`);
    expect(brokenEarly(stdout)).toEqual([]);
  });

  it('is the same by word and by flag', async () => {
    expect(await runCli(['help', 'plot'])).toEqual(await runCli(['plot', '--help']));
  });

  it('prints the version of the package', async () => {
    const { version } = JSON.parse(
      await readFile(new URL('../package.json', import.meta.url), 'utf8'),
    ) as { version: string };
    expect(await runCli(['--version'])).toEqual({ code: 0, stderr: '', stdout: `${version}\n` });
  });
});

describe('the table of commands', () => {
  it('loads no command for the list', async () => {
    expect(await modulesOf(['--help'])).not.toContain('dist/commands/');
  });

  it('loads only the command that is asked for, and what it needs', async () => {
    const modules = await modulesOf(['plot', '--total-steps', '10']);
    expect(modules).toContain('dist/commands/plot.js');
    expect(modules).not.toMatch(/commands\/(?!plot\.js)|vega|fastify|onnxruntime|ensemble-runtime/);
  });
});
