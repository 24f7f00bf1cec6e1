import { beforeAll, describe, expect, it } from 'vitest';
import { on, prepareBackends, relativeError } from './backends.ts';
import { layerCases } from './layer-cases.ts';
import { trainLayer } from './train-layer.ts';

beforeAll(prepareBackends);

const title = ({ layer, options, inputs }: (typeof layerCases)[number]): string =>
  `${layer} ${options} on ${JSON.stringify(inputs)}`;
const judgedBy = (judge: 'cpu' | 'finite differences') =>
  layerCases.filter((each) => each.judge === judge).map((each) => [title(each), each] as const);

describe('one training step agrees with the cpu backend', () => {
  it.each(judgedBy('cpu'))('%s', async (_, layerCase) => {
    const expected = await on('cpu', () => trainLayer(layerCase, false));
    const actual = await on('wasm', () => trainLayer(layerCase, false));
    expect(relativeError(actual.output, expected.output)).toBeLessThan(1e-4);
    expect(actual.gradients.length).toBe(expected.gradients.length);
    expected.gradients.forEach((gradient, i) => {
      expect(relativeError(actual.gradients[i]!, gradient)).toBeLessThan(1e-4);
    });
  });
});

describe('one training step agrees with finite differences', () => {
  it.each(judgedBy('finite differences'))('%s', async (_, layerCase) => {
    const output = await on('cpu', () => trainOutput(layerCase));
    const actual = await on('wasm', () => trainLayer(layerCase, true));
    if (output !== undefined) expect(relativeError(actual.output, output)).toBeLessThan(1e-4);
    expect(actual.differencesError).toBeLessThan(1e-2);
  });
});

/** What the cpu backend makes of a layer whose gradient it may refuse. */
function trainOutput(layerCase: (typeof layerCases)[number]): Float32Array | undefined {
  try {
    return trainLayer(layerCase, false).output;
  } catch {
    return undefined;
  }
}

describe('TensorFlow.js refuses on every backend', () => {
  const refused = layerCases.flatMap((each) =>
    each.judge instanceof RegExp ? [[title(each), each, each.judge] as const] : [],
  );
  it.each(refused)('%s', async (_, layerCase, message) => {
    await expect(on('cpu', () => trainLayer(layerCase, false))).rejects.toThrow(message);
    await expect(on('wasm', () => trainLayer(layerCase, false))).rejects.toThrow(message);
  });
});
