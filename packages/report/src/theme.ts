/** The colours of a picture: any CSS colour. */
export interface Palette {
  readonly ink: string;
  readonly muted: string;
  readonly grid: string;
  readonly surface: string;
  /** The ensemble, and what is trained. */
  readonly primary: string;
  /** Members, and what is held out. */
  readonly secondary: string;
  /** Snapshots. */
  readonly accent: string;
  /** The single model of the same budget. */
  readonly rival: string;
}

export const light: Palette = {
  ink: '#1d232b',
  muted: '#5b6672',
  grid: '#e4e8ec',
  surface: '#ffffff',
  primary: '#2563c9',
  secondary: '#d0661b',
  accent: '#0f8a63',
  rival: '#a3306b',
};

export const dark: Palette = {
  ink: '#e8edf2',
  muted: '#9fabb7',
  grid: '#2c343d',
  surface: '#12171d',
  primary: '#74a7ff',
  secondary: '#f5a25d',
  accent: '#4fc79a',
  rival: '#ee82b4',
};

/** Colours that the page sets, so that one picture serves light, dark and paper. */
export const inherited: Palette = {
  ink: 'var(--ink)',
  muted: 'var(--muted)',
  grid: 'var(--grid)',
  surface: 'var(--surface)',
  primary: 'var(--primary)',
  secondary: 'var(--secondary)',
  accent: 'var(--accent)',
  rival: 'var(--rival)',
};

export type Theme = 'light' | 'dark' | 'inherited';

export const palettes: Readonly<Record<Theme, Palette>> = { light, dark, inherited };

export const fontFamily = "system-ui, 'Segoe UI', Roboto, 'Helvetica Neue', Arial, sans-serif";

/** Vega-Lite `config` of every picture; the marks of `charts/` take their colours from the styles in it. */
export function chartConfig(palette: Palette): Readonly<Record<string, unknown>> {
  const { ink, muted, grid, surface, primary, secondary, accent, rival } = palette;
  return {
    // The picture as a whole has its text alternative; one for every point would drown it.
    aria: false,
    background: surface,
    font: fontFamily,
    padding: 8,
    view: { stroke: null },
    axis: {
      domainColor: muted,
      gridColor: grid,
      labelColor: muted,
      labelFontSize: 11,
      labelPadding: 6,
      tickColor: grid,
      titleColor: ink,
      titleFontSize: 12,
      titleFontWeight: 500,
      titlePadding: 10,
    },
    axisX: { grid: false, tickColor: muted, tickCount: 10 },
    axisY: { domain: false, ticks: false, tickCount: 5 },
    legend: {
      labelColor: ink,
      labelFontSize: 12,
      labelLimit: 400,
      orient: 'top',
      symbolOpacity: 1,
      symbolSize: 90,
      symbolStrokeWidth: 2,
      title: null,
      titleColor: ink,
      titleFontWeight: 500,
    },
    title: {
      anchor: 'start',
      frame: 'group',
      color: ink,
      fontSize: 13,
      fontWeight: 600,
      offset: 12,
    },
    range: { category: [primary, secondary, rival, accent] },
    line: { color: primary, strokeWidth: 2, strokeJoin: 'round' },
    area: { color: primary, fillOpacity: 0.12 },
    bar: { color: primary },
    point: { color: primary },
    rect: { color: primary },
    rule: { color: muted },
    text: { color: muted, fontSize: 11 },
    style: {
      restart: { stroke: muted, strokeDash: [2, 3], strokeWidth: 1, opacity: 0.8 },
      mapLabel: { fill: ink, fontSize: 11 },
      snapshot: { color: accent, stroke: surface, strokeWidth: 1.5, opacity: 1 },
    },
  };
}
