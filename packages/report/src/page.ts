import { html, trusted, type Markup } from './html.ts';
import type { Picture } from './picture.ts';
import type { RunReport } from './run.ts';
import { pageStyle } from './style.ts';

// The page asks the network for nothing and runs nothing, and the browser is told so.
const policy = "default-src 'none'; style-src 'unsafe-inline'";

/** One HTML document that holds everything it shows. */
export function page(
  { title, verdict, facts = [] }: Pick<RunReport, 'title' | 'verdict' | 'facts'>,
  sections: readonly Markup[],
): string {
  return html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta http-equiv="Content-Security-Policy" content="${policy}" />
        <title>${title}</title>
        <style>
          ${trusted(pageStyle())}
        </style>
      </head>
      <body>
        <main>
          <h1>${title}</h1>
          ${verdict === undefined ? [] : [html`<p class="verdict">${verdict}</p>`]}
          ${facts.length === 0 ? [] : [definitions(facts)]} ${sections}
        </main>
      </body>
    </html> `.markup;
}

function definitions(facts: NonNullable<RunReport['facts']>): Markup {
  return html`<dl class="facts">
    ${facts.map(
      ({ name, value }) =>
        html`<div>
          <dt>${name}</dt>
          <dd>${value}</dd>
        </div>`,
    )}
  </dl>`;
}

/** A heading, a sentence, a picture and the numbers behind it. */
export function pictureSection({
  heading,
  caption,
  numbers,
  svg,
}: Pick<Picture, 'heading' | 'caption' | 'numbers'> & { readonly svg: string }): Markup {
  return html`<section>
    <h2>${heading}</h2>
    <figure style="--natural:${naturalWidth(svg)}px">
      <figcaption>${caption}</figcaption>
      ${trusted(svg)}
    </figure>
    ${
      numbers === undefined
        ? []
        : [
            html`<details>
              <summary>The numbers behind this picture</summary>
              ${numbers}
            </details>`,
          ]
    }
  </section>`;
}

/** What the picture was drawn for: enlarged, its text would shout. */
function naturalWidth(svg: string): number {
  return Number(/ width="(\d+)"/.exec(svg)?.[1] ?? 800);
}
