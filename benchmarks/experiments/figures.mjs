// @ts-check
// `node benchmarks/experiments/figures.mjs`: the pictures of benchmarks/results/figures and of docs/evidence.md, from the JSON beside them.
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { renderSvg } from '@snapshot-ensemble/report';
import { coverageFigure, hasCoverage } from './pages/coverage-figure.mjs';
import { sizeFigure } from './pages/size-figure.mjs';
import { SHOWN, best, loadGroups, results, snapshots } from './results.mjs';

/** Of the docs' page. */
const IN_DOCS = 'fashion-resnet20-60';

const folder = join(results, 'figures');
mkdirSync(folder, { recursive: true });
for (const group of loadGroups()) {
  const name = `${group.task}-${group.epochs}`;
  if (!SHOWN.includes(name) || best(group.configs, snapshots()) === undefined) continue;
  const title = `${group.task}, ${group.epochs} epochs`;
  const size = await renderSvg(sizeFigure(group), {
    alternative: {
      title,
      description:
        'Error and calibrated likelihood against the number of members, beside single models of the same length and independent networks at a multiple of the cost',
    },
  });
  writeFileSync(join(folder, `${name}-size.svg`), size);
  if (name === IN_DOCS)
    writeFileSync(fileURLToPath(new URL('../../docs/evidence-size.svg', import.meta.url)), size);
  if (!hasCoverage(group)) continue;
  const coverage = await renderSvg(coverageFigure(group), {
    alternative: { title, description: 'Error among the surest rows, by the share answered' },
  });
  writeFileSync(join(folder, `${name}-coverage.svg`), coverage);
}
