import { expect, it } from 'vitest';
import { layerCases, type LayerCase } from './layer-cases.ts';

const options = (cases: readonly LayerCase[]): string =>
  cases
    .map(
      ({ options: text, inputs }) =>
        `${text === '' ? 'defaults' : text} on ${JSON.stringify(inputs)}`,
    )
    .map((text) => text.replaceAll('|', '\\|'))
    .join('<br>');

function row(layer: string): string {
  const cases = layerCases.filter((each) => each.layer === layer);
  const judged = (judge: string): readonly LayerCase[] =>
    cases.filter((each) => each.judge === judge);
  const refused = cases.filter((each) => each.judge instanceof RegExp);
  return `| ${[layer, options(judged('cpu')), options(judged('finite differences')), options(refused)].join(' | ')} |`;
}

const text = `# Layers

One training step of each on the WASM backend, checked by \`test/layers.test.ts\`: output and every gradient, against the cpu backend (relative 1e-4), or
against finite differences where the cpu backend refuses or is wrong itself. This page is generated: \`npx vitest run -u\`.

<!-- prettier-ignore-start -->

| layer | agrees with the cpu backend | agrees with finite differences | TensorFlow.js refuses on every backend |
|---|---|---|---|
${[...new Set(layerCases.map(({ layer }) => layer))].map(row).join('\n')}

<!-- prettier-ignore-end -->
`;

it('LAYERS.md shows what is tested', async () => {
  await expect(text).toMatchFileSnapshot('../LAYERS.md');
});
