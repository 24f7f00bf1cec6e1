import { describe, expect, it } from 'vitest';
import { renderSvg } from './render-svg.ts';

const spec = {
  data: {
    values: [
      { x: 0, y: 1 },
      { x: 1, y: 2 },
    ],
  },
  mark: 'line',
  encoding: {
    x: { field: 'x', type: 'quantitative' },
    y: { field: 'y', type: 'quantitative' },
  },
};

describe('renderSvg', () => {
  it('draws one SVG element with a view box', async () => {
    expect(await renderSvg(spec)).toMatch(/^<svg [^>]*viewBox="0 0 \d+ \d+"[^>]*>.*<\/svg>$/s);
  });

  it('gives the same bytes for the same specification', async () => {
    expect(await renderSvg(spec)).toBe(await renderSvg(structuredClone(spec)));
  });

  it('says what the picture shows, escaped', async () => {
    const alternative = { title: 'A "B"', description: '1 < 2 & 3' };
    const svg = await renderSvg(spec, { alternative });
    expect(svg).toContain('role="img" aria-label="A &quot;B&quot;"');
    expect(svg).toContain('<title>A &quot;B&quot;</title><desc>1 &lt; 2 &amp; 3</desc>');
  });

  it.each([
    ['light', '#2563c9'],
    ['dark', '#74a7ff'],
    ['inherited', 'var(--primary)'],
  ] as const)('draws the theme %s in its colors', async (theme, color) => {
    expect(await renderSvg(spec, { theme })).toContain(`stroke="${color}"`);
  });

  it("lets the specification's own config win", async () => {
    const svg = await renderSvg({ ...spec, config: { line: { color: '#abcdef' } } });
    expect(svg).toContain('stroke="#abcdef"');
  });

  it('refuses data that is a URL', async () => {
    const elsewhere = { ...spec, data: { url: 'https://example.org/rows.json' } };
    await expect(renderSvg(elsewhere)).rejects.toThrow(
      new TypeError(
        'renderSvg: the data is at https://example.org/rows.json, and a picture is drawn without a network. Put the rows into data.values.',
      ),
    );
  });

  it('refuses what is no specification', async () => {
    await expect(renderSvg({ mark: 'line', layer: 3 })).rejects.toThrow();
    await expect(renderSvg({})).rejects.toThrow(/Invalid specification/);
  });

  it('hands over what Vega would have logged', async () => {
    const warnings: string[] = [];
    await renderSvg(
      { ...spec, encoding: { ...spec.encoding, theta2: { field: 'x' } } },
      { onWarning: (message) => warnings.push(message) },
    );
    expect(warnings.join()).toContain('theta2');
  });
});
