/** Text that is already HTML; made only by `html` and `trusted`. */
export interface Markup {
  readonly markup: string;
}

type Part = Markup | string | number | readonly Markup[];

/** HTML from a template literal. Text and numbers are escaped, markup is taken as it is. */
export function html(strings: TemplateStringsArray, ...parts: readonly Part[]): Markup {
  const pieces = strings.map(
    (text, index) => text + (index < parts.length ? print(parts[index]!) : ''),
  );
  return { markup: pieces.join('') };
}

/** Markup written by this package or by Vega, which escapes its own text. */
export function trusted(markup: string): Markup {
  return { markup };
}

const entities: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

/** Text as it may stand in HTML and SVG, between tags or inside a quoted attribute. */
export function escapeText(text: string): string {
  return text.replaceAll(/[&<>"']/g, (character) => entities[character]!);
}

function print(part: Part): string {
  if (typeof part === 'string') return escapeText(part);
  if (typeof part === 'number') return String(part);
  return 'markup' in part ? part.markup : part.map(({ markup }) => markup).join('');
}
