import { beforeAll, describe, expect, it } from 'vitest';
import { exampleEvidence } from '../test/example-evidence.ts';
import { exampleRun } from '../test/example-run.ts';
import { elementsOf, reachesOut, textOf } from '../test/read-html.ts';
import { type Evidence, runReport, type ReportFiles } from './index.ts';
import { picturesOf } from './pictures.ts';
import { renderSvg } from './render-svg.ts';

let files: ReportFiles;
let page: string;
beforeAll(async () => {
  files = await runReport(exampleRun());
  page = files['report.html']!;
});

describe('runReport', () => {
  it('gives the page and each picture alone', () => {
    expect(Object.keys(files)).toEqual([
      'report.html',
      'ensemble-size.svg',
      'ensemble-size-likelihood.svg',
      'learning-rate.svg',
      'training.svg',
    ]);
  });

  it('leaves out what the run has no data for', async () => {
    const { plan, schedule, snapshots, title } = exampleRun();
    const few = await runReport({ title, plan, schedule, snapshots });
    expect(Object.keys(few)).toEqual(['report.html', 'learning-rate.svg']);
    const headings = elementsOf(few['report.html']!).filter(({ tagName }) => tagName === 'h2');
    expect(headings.map(textOf)).toEqual(['Learning rate']);
  });

  it('gives the same bytes for the same run', async () => {
    expect(await runReport(exampleRun())).toEqual(files);
  });

  it('runs nothing and fetches nothing', () => {
    expect(reachesOut(page)).toEqual([]);
  });

  it.each([
    '<script>1</script>',
    '<img src=x onerror=alert(1)>',
    '<a href="https://example.org">x</a>',
    '<style>@import url(//example.org)</style>',
  ])('judges of that see a planted %s', (planted) => {
    const planting = page.replace('</main>', `${planted}</main>`);
    expect(reachesOut(planting)).not.toEqual([]);
  });

  it('shows hostile text as text, wherever it comes from', async () => {
    const hostile = `"'></text></svg><script>alert(1)</script><img src=x onerror=alert(1)>&amp;`;
    const { results } = exampleRun();
    const { 'report.html': html = '' } = await runReport(
      exampleRun({
        title: hostile,
        verdict: hostile,
        facts: [{ name: hostile, value: hostile }],
        evidence: hostileEvidence(hostile),
        history: [{ epoch: 0, metrics: { [hostile]: 1, [`val_${hostile}`]: 2 } }],
        results: {
          data: hostile,
          headline: hostile,
          rows: results!.rows.map((row) => ({ ...row, name: hostile, scores: { [hostile]: 0.1 } })),
        },
      }),
    );
    expect(reachesOut(html)).toEqual([]);
    const elements = elementsOf(html);
    expect(textOf(elements.find(({ tagName }) => tagName === 'h1')!)).toBe(hostile);
    expect(elements.filter(({ tagName }) => tagName === 'img')).toEqual([]);
    expect(elements.filter(({ tagName }) => tagName === 'svg')).toHaveLength(3 + 7);
  });

  it('gives every picture words for those who do not see it', () => {
    const svgs = elementsOf(page).filter(({ tagName }) => tagName === 'svg');
    for (const svg of svgs) {
      const attributes = Object.fromEntries(svg.attrs.map(({ name, value }) => [name, value]));
      expect(attributes['role']).toBe('img');
      expect(attributes['aria-label']).toMatch(/\w/);
    }
    expect(svgs).toHaveLength(4);
  });

  it('takes its colors from the page, so that light, dark and paper are one picture', () => {
    const drawn = elementsOf(page).flatMap(({ attrs }) =>
      attrs.filter(({ name }) => ['fill', 'stroke'].includes(name)).map(({ value }) => value),
    );
    expect(new Set(drawn.filter((color) => color.startsWith('#')))).toEqual(new Set());
    expect(page).toContain('prefers-color-scheme: dark');
    expect(page).toContain('@media print');
  });

  it('marks the best of each column', () => {
    const best = elementsOf(page).filter(({ attrs }) =>
      attrs.some(({ name, value }) => name === 'class' && value === 'best'),
    );
    expect(best.map(textOf)).toEqual(['14.00 %', '0.4200']);
  });

  it('draws every kind of evidence, each with its heading', async () => {
    const full = await runReport(exampleRun({ evidence: exampleEvidence }));
    const headings = elementsOf(full['report.html']!)
      .filter(({ tagName }) => tagName === 'h2')
      .map(textOf);
    expect(headings).toEqual([
      'Inputs of a kind never seen',
      'Error among the surest rows',
      'Whether its confidence can be believed',
      'How often members disagree',
      'Accuracy against cost',
      'Between one member and the next',
      'Error against ensemble size',
      'Negative log-likelihood, as trained against ensemble size',
      'Learning rate',
      'Training',
      'What the members dispute most',
      'Results',
    ]);
    expect(reachesOut(full['report.html']!)).toEqual([]);
    const drawn = elementsOf(full['report.html']!).flatMap(({ attrs }) =>
      attrs.filter(({ name }) => ['fill', 'stroke'].includes(name)).map(({ value }) => value),
    );
    expect(drawn.filter((color) => color.startsWith('#'))).toEqual([]);
  });

  it('enlarges no picture beyond what it was drawn for', async () => {
    const full = await runReport(exampleRun({ evidence: exampleEvidence }));
    const shown = [...full['report.html']!.matchAll(/<figure style="--natural:(\d+)px">/g)];
    const drawn = [...full['report.html']!.matchAll(/<svg [^>]*class="marks" width="(\d+)"/g)];
    expect(shown.map(([, width]) => width)).toEqual(drawn.map(([, width]) => width));
    expect(new Set(shown.map(([, width]) => width)).size).toBeGreaterThan(1);
  });

  const smallest = exampleRun({
    history: [{ epoch: 0, metrics: { mae: 0.5 } }],
    results: {
      data: 'the 100 test rows',
      headline: 'mae',
      rows: [
        { kind: 'member', name: 'Member 1', scores: { mae: 0.4 } },
        { kind: 'ensemble', name: 'Last 1', size: 1, scores: { mae: 0.4 } },
      ],
    },
  });

  it.each([
    ...picturesOf(exampleRun({ evidence: exampleEvidence })).map(({ file, spec }) => ({
      file,
      spec,
    })),
    ...picturesOf(smallest).map(({ file, spec }) => ({ file: `the smallest ${file}`, spec })),
  ])('draws $file without a warning of Vega', async ({ spec }) => {
    const warnings: string[] = [];
    await renderSvg(spec, { onWarning: (message) => warnings.push(message) });
    expect(warnings).toEqual([]);
  });
});

/** Every name and label of the evidence replaced. */
function hostileEvidence(text: string): Evidence {
  const { riskCoverage, unknownInputs, agreement, disputed, cascade, interpolation } =
    exampleEvidence;
  return {
    ...exampleEvidence,
    riskCoverage: riskCoverage!.map((curve) => ({ ...curve, name: text })),
    unknownInputs: unknownInputs!.map((model) => ({
      ...model,
      name: text,
      score: text,
      names: { known: text, unknown: `${text}2` },
    })),
    agreement: { ...agreement!, members: ['1', '2', text] },
    disputed: {
      ...disputed!,
      images: disputed!.images.map((image) => ({ ...image, label: text, votes: text })),
    },
    cascade: cascade!.map((setting) => ({ ...setting, name: text })),
    interpolation: interpolation!.map((line) => ({ ...line, name: text })),
  };
}
