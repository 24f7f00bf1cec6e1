// @ts-check
// `node tools/demo-check.mjs`: runs the whole demo from nothing and fails where the README shows what it does not print.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { codeBlocks } from './readme.mjs';

/** Training repeats bit for bit; ports and the last digits of onnxruntime belong to the machine. */
const machine = /(?<=127\.0\.0\.1:)\d+|(?<=at most )[\d.e-]+|(?<=^ *image .*)\d+\.\d+/g;

/**
 * The first line of a block that was not printed after the one before it. `…` stands for any lines.
 *
 * @param {string} block
 * @param {string} printed
 */
export function firstMissing(block, printed) {
  /** @param {string} text */
  const lines = (text) => text.trimEnd().split('\n');
  const came = lines(printed).map((line) => line.replace(machine, '#'));
  let at = 0;
  let mayJump = false;
  for (const shown of lines(block)) {
    if (shown.trim() === '…') {
      mayJump = true;
      continue;
    }
    const found = mayJump ? came.indexOf(shown.replace(machine, '#'), at) : at;
    if (came[found] !== shown.replace(machine, '#')) return shown;
    at = found + 1;
    mayJump = false;
  }
  return undefined;
}

async function main() {
  const page = readFileSync(new URL('../README.md', import.meta.url), 'utf8');
  const shown = codeBlocks('README.md', page).filter(({ language }) => language === 'text');
  const demo = spawn(
    process.execPath,
    [fileURLToPath(new URL('demo.mjs', import.meta.url)), '--fresh'],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  );
  const closed = once(demo, 'close');
  let printed = '';
  for await (const chunk of demo.stdout.setEncoding('utf8')) {
    process.stdout.write(chunk);
    printed += chunk;
  }
  const [exitCode] = await closed;
  const missing = shown.map(({ code }) => firstMissing(code, printed)).filter((line) => line);
  for (const line of missing) console.error(`README.md: the demo did not print: ${line}`);
  console.log(`${shown.length - missing.length} passed, ${missing.length} failed`);
  process.exitCode = exitCode === 0 && missing.length === 0 && shown.length > 0 ? 0 : 1;
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) await main();
