import { fc, test } from '@fast-check/vitest';
import { parse, View } from 'vega';
import { compile, type TopLevelSpec } from 'vega-lite';
import { describe, expect, it } from 'vitest';
import { anneal, cyclesOf, equalCycles, growingCycles } from '../index.ts';
import { sparkline, visualizeLR } from './index.ts';

const plan = growingCycles({ totalSteps: 70_000, cycleLength: 10_000, cycleLengthMultiplier: 2 });
const schedule = anneal(plan, { lrInit: 0.1, lrMultiplier: 0.8 });

/** Throws on anything Vega-Lite or Vega warn about. */
async function render(spec: unknown): Promise<string> {
  const refuse = (...messages: unknown[]): never => {
    throw new Error(messages.map(String).join(' '));
  };
  const logger = {
    level: () => logger,
    error: refuse,
    warn: refuse,
    info: () => logger,
    debug: () => logger,
  };
  const compiled = compile(spec as TopLevelSpec, { logger: logger });
  return new View(parse(compiled.spec), { renderer: 'none' }).toSVG();
}

describe('visualizeLR', () => {
  it('is plain JSON', () => {
    const spec = visualizeLR(schedule, plan, { title: 'three cycles' });
    expect(JSON.parse(JSON.stringify(spec))).toEqual(spec);
  });

  it('marks every restart and snapshot where the plan has them', () => {
    const [restarts, line, snapshots] = visualizeLR(schedule, plan, {
      stepsPerEpoch: 1000,
    }).layer.map(({ data }) => data.values);
    expect(restarts!.map(({ x }) => x)).toEqual([10, 30]);
    expect(snapshots!.map(({ step }) => step)).toEqual([9999, 29_999, 69_999]);
    expect(Math.max(...line!.map(({ learningRate }) => learningRate))).toBe(0.1);
    expect(line!.length).toBeLessThan(1010);
  });

  it.each([
    ['linear', {}],
    ['log', { scale: 'log' }],
    ['epochs', { stepsPerEpoch: 100, title: 'in epochs', width: 320, height: 120 }],
  ] as const)('compiles and renders: %s', async (_, options) => {
    const svg = await render(visualizeLR(schedule, plan, options));
    expect(svg.match(/aria-label="[^"]*learning rate[^"]*"/g)?.length).toBeGreaterThan(0);
    expect(svg).not.toMatch(/NaN|undefined/);
    // One mark per snapshot and per restart.
    expect(svg.match(/aria-roledescription="point"/g)).toHaveLength(3);
    expect(svg.match(/aria-roledescription="rule mark"/g)?.length ?? 0).toBeGreaterThan(1);
  });

  it('leaves zeros out of a logarithmic picture', async () => {
    const closed = anneal(cyclesOf([10]), { lrInit: 1, endpoint: 'closed' });
    const spec = visualizeLR(closed, cyclesOf([10]), { scale: 'log' });
    expect(spec.layer[1]!.data.values).toHaveLength(9);
    await expect(render(spec)).resolves.toContain('<svg');
  });

  it('has a judge that catches a broken picture', async () => {
    const spec = visualizeLR(schedule, plan);
    const broken = { ...spec, layer: [{ ...spec.layer[1], mark: { type: 'lime' } }] };
    await expect(render(broken)).rejects.toThrow();
  });
});

describe('sparkline', () => {
  it('draws cycles as slopes', () => {
    const text = sparkline(
      anneal(equalCycles({ totalSteps: 3000, cycles: 3 }), { lrInit: 1 }),
      equalCycles({ totalSteps: 3000, cycles: 3 }),
      { width: 30 },
    );
    expect(text).toMatchInlineSnapshot(`"██▇▆▅▄▃▂▁▁██▇▆▅▄▃▂▁▁██▇▆▅▄▃▂▁▁"`);
  });

  it('has as many lines as asked', () => {
    const text = sparkline(schedule, plan, { width: 24, height: 3 });
    expect(`\n${text}`).toMatchInlineSnapshot(`
      "
      █▃ ▃▃▁                  
      ██▁███▅▁  ▇▇▇▆▅▃▂       
      ████████▅▂████████▆▅▃▂▁▁"
    `);
  });

  test.prop([
    fc.integer({ min: 1, max: 500 }),
    fc.integer({ min: 1, max: 80 }),
    fc.integer({ min: 1, max: 4 }),
  ])('is as wide as asked, or as the plan has steps', (totalSteps, width, height) => {
    const one = equalCycles({ totalSteps, cycles: 1 });
    const lines = sparkline(anneal(one, { lrInit: 1 }), one, { width, height }).split('\n');
    expect(lines.map((line) => line.length)).toEqual(
      Array.from({ length: height }, () => Math.min(width, totalSteps)),
    );
    expect(lines[0]![0]).toBe('█');
  });
});
