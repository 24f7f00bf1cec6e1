import { html, type Markup } from './html.ts';
import { metricNames } from './charts/history.ts';
import type { EpochRecord, ResultRow, Results } from './run.ts';
import { scoreFormat } from './scores.ts';

export interface Column<Row> {
  readonly title: string;
  readonly cell: (row: Row) => string;
}

/** A table of numbers behind a picture. */
export function plainTable<Row>(
  rows: readonly Row[],
  [first, ...others]: readonly [Column<Row>, ...Column<Row>[]],
): Markup {
  return html`<div class="scroll">
    <table class="plain">
      <thead>
        <tr>
          ${[first, ...others].map(({ title }) => html`<th scope="col">${title}</th>`)}
        </tr>
      </thead>
      <tbody>
        ${rows.map(
          (row) =>
            html`<tr>
              <th scope="row">${first.cell(row)}</th>
              ${others.map(({ cell }) => html`<td>${cell(row)}</td>`)}
            </tr> `,
        )}
      </tbody>
    </table>
  </div>`;
}

/** Every epoch's metrics, training and validation. */
export function historyTable(history: readonly EpochRecord[]): Markup {
  const columns = metricNames(history).flatMap((metric) => {
    const { label, print } = scoreFormat(metric);
    const column = (name: string, of: string): Column<EpochRecord> => ({
      title: `${label}, ${of}`,
      cell: ({ metrics }) => (metrics[name] === undefined ? '–' : print(metrics[name])),
    });
    return [column(metric, 'training'), column(`val_${metric}`, 'validation')];
  });
  const epoch: Column<EpochRecord> = { title: 'Epoch', cell: (row) => String(row.epoch + 1) };
  return plainTable(history, [epoch, ...columns]);
}

/** Single model, members, ensembles: one row each, the best of every column marked. */
export function resultsTable({ rows }: Results): Markup {
  const scores = [...new Set(rows.flatMap((row) => Object.keys(row.scores)))];
  const best = new Map(scores.map((score) => [score, bestOf(rows, score)]));
  const cell = (row: ResultRow, score: string): Markup => {
    const value = row.scores[score];
    if (value === undefined) return html`<td>–</td>`;
    const text = scoreFormat(score).print(value);
    return value === best.get(score)
      ? html`<td class="best" title="best of its column">${text}</td>`
      : html`<td>${text}</td>`;
  };
  return html`<div class="scroll">
    <table>
      <thead>
        <tr>
          <th scope="col">Model</th>
          ${scores.map((score) => html`<th scope="col">${scoreFormat(score).label}</th>`)}
        </tr>
      </thead>
      <tbody>
        ${rows.map(
          (row) =>
            html`<tr class="${row.kind}">
              <th scope="row">${row.name}</th>
              ${scores.map((score) => cell(row, score))}
            </tr> `,
        )}
      </tbody>
    </table>
  </div>`;
}

function bestOf(rows: readonly ResultRow[], score: string): number | undefined {
  const { better } = scoreFormat(score);
  const values = rows.map((row) => row.scores[score]).filter((value) => value !== undefined);
  if (better === undefined || values.length < 2) return undefined;
  return better === 'lower' ? Math.min(...values) : Math.max(...values);
}
