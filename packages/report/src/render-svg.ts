import { checkOptions } from '@snapshot-ensemble/options';
import { View, loader, parse } from 'vega';
import { compile, type TopLevelSpec } from 'vega-lite';
import { escapeText } from './html.ts';
import { chartConfig, palettes, type Theme } from './theme.ts';

/** A Vega-Lite specification as plain JSON, data included. */
export type PictureSpec = Readonly<Record<string, unknown>>;

export interface RenderSvgOptions {
  /** `inherited` leaves the colours to CSS variables of the page around the picture. Default `light`. */
  readonly theme?: Theme;
  /** What the picture shows, for readers who cannot see it. */
  readonly alternative?: { readonly title: string; readonly description: string };
  /** Called with what Vega would have logged. Default: none. */
  readonly onWarning?: (message: string) => void;
}

/**
 * Draws a Vega-Lite specification as one SVG element: no DOM, no network, no script. Settings of the
 * specification's own `config` win over the theme's. Throws what Vega throws at a specification that it cannot draw, and
 * at data that is a URL.
 */
export async function renderSvg(spec: object, options: RenderSvgOptions = {}): Promise<string> {
  checkOptions('renderSvg', options, { theme: true, alternative: true, onWarning: true });
  const logger = collector(options.onWarning ?? (() => undefined));
  const { theme = 'light' } = options;
  // Vega-Lite's type lists every legal specification; a spec from JSON is checked by `compile`.
  const compiled = compile(spec as TopLevelSpec, {
    config: chartConfig(palettes[theme]),
    logger,
  });
  const refused: string[] = [];
  const view = new View(parse(compiled.spec), {
    renderer: 'none',
    logger,
    loader: offline((address) => refused.push(address)),
  });
  try {
    const svg = await view.toSVG();
    // Vega only warns of data that it could not load, and draws the rest.
    if (refused.length > 0)
      throw new TypeError(
        `renderSvg: the data is at ${refused.join(', ')}, and a picture is drawn without a network. Put the rows into data.values.`,
      );
    return withAlternative(svg, options.alternative);
  } finally {
    view.finalize();
  }
}

/** Loads nothing, and tells what was asked for. */
function offline(onAddress: (address: string) => void): ReturnType<typeof loader> {
  const refuse = (address: string): Promise<never> => {
    onAddress(address);
    return Promise.reject(new TypeError(address));
  };
  return Object.assign(loader(), { load: refuse, http: refuse, file: refuse });
}

type Alternative = RenderSvgOptions['alternative'];

function withAlternative(svg: string, alternative: Alternative): string {
  if (alternative === undefined) return svg;
  const title = escapeText(alternative.title);
  const description = escapeText(alternative.description);
  return svg.replace(
    /^<svg ([^>]*)>/,
    (_, attributes: string) =>
      `<svg ${attributes} role="img" aria-label="${title}"><title>${title}</title><desc>${description}</desc>`,
  );
}

interface Collector {
  level(): number;
  level(value: number): Collector;
  error(...messages: readonly unknown[]): Collector;
  warn(...messages: readonly unknown[]): Collector;
  info(...messages: readonly unknown[]): Collector;
  debug(...messages: readonly unknown[]): Collector;
}

/** Vega's logger interface; Vega's own writes to the console. */
function collector(onWarning: (message: string) => void): Collector {
  const take = (...messages: readonly unknown[]): Collector => {
    onWarning(messages.map(String).join(' '));
    return logger;
  };
  function level(): number;
  function level(value: number): Collector;
  function level(value?: number): number | Collector {
    return value === undefined ? warnLevel : logger;
  }
  const ignore = (): Collector => logger;
  const logger: Collector = { level, error: take, warn: take, info: ignore, debug: ignore };
  return logger;
}

/** `Warn` in vega-util. */
const warnLevel = 2;
