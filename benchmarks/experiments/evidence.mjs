// @ts-check
// `node benchmarks/experiments/evidence.mjs`: writes the numbers of docs/evidence.md, from the JSON of ../results.
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { decidingNumbers } from './pages/deciding.mjs';

const page = new URL('../../docs/evidence.md', import.meta.url);
const begin = '<!-- Generated: node benchmarks/experiments/evidence.mjs -->';
const end = '<!-- Generated until here. -->';

if (process.argv[1] === fileURLToPath(import.meta.url)) writeFileSync(page, evidencePage());

/** docs/evidence.md as the results have it. */
export function evidencePage() {
  const text = readFileSync(page, 'utf8');
  const [before, rest] = text.split(`${begin}\n`);
  const after = rest?.split(end)[1];
  if (after === undefined)
    throw new RangeError(`docs/evidence.md must hold "${begin}" and "${end}".`);
  return `${before}${begin}\n<!-- prettier-ignore-start -->\n\n${decidingNumbers().join('\n')}\n\n<!-- prettier-ignore-end -->\n${end}${after}`;
}
