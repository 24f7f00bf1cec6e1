import { readBundle } from '@snapshot-ensemble/ensemble-bundle';
import { describe, expect, it } from 'vitest';
import { bundleOf, mean } from '../../test/bundles.ts';
import { ensembleInputs, memberAnswers, membersFor } from '../../test/ensembles.ts';
import { runOnnx } from '../../test/run-onnx.ts';

const probabilities = membersFor('probabilities');
const logits = membersFor('logits');

describe('smoke', () => {
  const inputs = ensembleInputs(2);

  it('holds what the members answered, combined by ensemble-math', async () => {
    const { bundle, manifest } = await bundleOf(probabilities, {
      policy: mean('probabilities', 4),
      smoke: { inputs, predictMembers: (given) => memberAnswers(probabilities, given) },
    });
    const smoke = (await (await readBundle(bundle)).readSmokeTest())!;
    const answer = await runOnnx(bundle.files.get('ensemble.onnx')!, inputs);
    for (const { name, data } of smoke.expected.outputs)
      data.forEach((value, at) => {
        expect(Math.abs(Number(value) - answer[name]!.data[at]!)).toBeLessThan(1e-5);
      });
    expect(manifest.provenance['smoke']).toMatch(/the members' own answers/);
  });

  it('shows a graph that does not answer as the members did', async () => {
    const { bundle } = await bundleOf(probabilities, {
      policy: mean('probabilities', 4),
      smoke: {
        inputs,
        predictMembers: (given) =>
          memberAnswers(
            probabilities.toReversed().map((model, at) => (at === 0 ? probabilities[0]! : model)),
            given,
          ),
      },
    });
    const smoke = (await (await readBundle(bundle)).readSmokeTest())!;
    const answer = await runOnnx(bundle.files.get('ensemble.onnx')!, inputs);
    const [first] = smoke.expected.outputs;
    expect(Math.abs(Number(first!.data[0]) - answer['probs']!.data[0]!)).toBeGreaterThan(1e-4);
  });

  it('is none where none is given, and the bundle says so', async () => {
    const { bundle, manifest } = await bundleOf(probabilities, {
      policy: mean('probabilities', 4),
    });
    expect(await (await readBundle(bundle)).readSmokeTest()).toBeUndefined();
    expect(manifest.provenance['smoke']).toMatch(/^none/);
    expect(new TextDecoder().decode(bundle.files.get('CARD.md'))).toContain(
      'carries no smoke test',
    );
  });

  it('finds members that give another kind than the policy says', async () => {
    const softmax = memberAnswers(probabilities, inputs);
    const refused = bundleOf(logits, {
      policy: mean('logits', 4),
      smoke: { inputs, predictMembers: () => softmax },
    });
    await expect(refused).rejects.toMatchObject({
      code: 'invalid-policy',
      message: expect.stringMatching(
        /rows of probabilities that sum to 1, so the softmax would be taken twice/,
      ),
    });
  });
});
