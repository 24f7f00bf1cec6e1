// @ts-check
// `node tools/sum-counts.mjs LOG …`: adds up the counts that test runners printed, and ends with `N passed, N failed`.
// A log in which no test passed counts as a failure: a runner that finds nothing proves nothing.
// What failed is repeated before the sum, so that the end of a long log says it.
import { readFileSync } from 'node:fs';
import { pathToFileURL } from 'node:url';
import { stripVTControlCharacters } from 'node:util';

/**
 * @param {string} log
 * @returns {{ passed: number, failed: number }}
 */
export function countTests(log) {
  const counts = { passed: 0, failed: 0 };
  for (const raw of stripVTControlCharacters(log).split('\n')) {
    const line = raw.trim();
    // vitest: `Tests  1 failed | 11 passed (12)`; our own runners: `11 passed, 1 failed`.
    const summary =
      /^Tests\s+(.*\d+ (?:passed|failed).*)$/.exec(line)?.[1] ??
      /^\d+ passed, \d+ failed$/.exec(line)?.[0];
    if (summary === undefined) continue;
    counts.passed += Number(/(\d+) passed/.exec(summary)?.[1] ?? 0);
    counts.failed += Number(/(\d+) failed/.exec(summary)?.[1] ?? 0);
  }
  return counts;
}

/**
 * The tests that failed, each with the error that follows its name, as vitest prints them (` FAIL  file > test`, then
 * the error) and our own runners do (`FAIL name: why`).
 *
 * @param {string} log
 * @returns {string[]} lines
 */
export function failedTests(log) {
  const lines = stripVTControlCharacters(log).split('\n');
  return lines.flatMap((line, at) => {
    if (!/^\s*FAIL\b/.test(line)) return [];
    const next = lines[at + 1]?.trim() ?? '';
    return /^\w*Error\b/.test(next) ? [line.trim(), `  ${next}`] : [line.trim()];
  });
}

/** @param {readonly string[]} files */
function main(files) {
  let passed = 0;
  let failed = 0;
  for (const file of files) {
    const log = readFileSync(file, 'utf8');
    const counts = countTests(log);
    console.log(`${file}: ${counts.passed} passed, ${counts.failed} failed`);
    for (const line of new Set(failedTests(log))) console.log(`  ${line}`);
    passed += counts.passed;
    failed += counts.failed + (counts.passed === 0 && counts.failed === 0 ? 1 : 0);
  }
  console.log(`${passed} passed, ${failed} failed`);
  if (failed > 0 || passed === 0) process.exitCode = 1;
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) main(process.argv.slice(2));
