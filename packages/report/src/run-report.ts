import { checkRun } from './check-run.ts';
import { disputedSection } from './disputed.ts';
import { html, type Markup } from './html.ts';
import { page, pictureSection } from './page.ts';
import { picturesOf } from './pictures.ts';
import { renderSvg } from './render-svg.ts';
import type { Results, RunReport } from './run.ts';
import { resultsTable } from './tables.ts';

/** File contents by name. */
export type ReportFiles = Readonly<Record<string, string>>;

/**
 * A run's report as files: `report.html` (pictures inline, no script, nothing from the network, light and dark), and
 * beside it each picture as an SVG file, where the run has data for it. The same run
 * gives the same bytes. Throws RangeError for a run that cannot be drawn.
 */
export async function runReport(run: RunReport): Promise<ReportFiles> {
  checkRun(run);
  const files: Record<string, string> = {};
  const sections: Markup[] = [];
  for (const picture of picturesOf(run)) {
    const alternative = { title: picture.heading, description: picture.caption };
    files[picture.file] = await renderSvg(picture.spec, { alternative });
    const svg = await renderSvg(picture.spec, { alternative, theme: 'inherited' });
    sections.push(pictureSection({ ...picture, svg }));
  }
  if (run.evidence?.disputed !== undefined) sections.push(disputedSection(run.evidence.disputed));
  if (run.results !== undefined) sections.push(resultsSection(run.results));
  return { 'report.html': page(run, sections), ...files };
}

function resultsSection(results: Results): Markup {
  return html`<section>
    <h2>Results</h2>
    <p class="note">
      Measured on ${results.data}. A star marks the best number of its column, whether or not the
      difference is more than chance.
    </p>
    ${resultsTable(results)}
  </section>`;
}
