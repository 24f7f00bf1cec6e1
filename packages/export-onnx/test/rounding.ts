import { readWeights } from '../src/artifacts/weights.ts';
import type { GraphModelArtifacts, HostTensors } from '../src/index.ts';
import { largestChange } from '../src/parity/compare.ts';
import { generator } from '../src/parity/random.ts';

interface Node {
  readonly op: string;
  readonly input?: readonly string[];
}

type Predict = (inputs: HostTensors) => Promise<HostTensors>;

// Half a last bit of a float32.
const UNIT = 2 ** -24;
const DRAWS = 3;

/**
 * How far each output of a model goes when its sums are rounded otherwise, measured in tfjs alone. A sum of n products in float32 is
 * the exact sum of products whose weights are off by √n · 2^-24 of their value, whatever the order (Higham & Mary 2019, thm 2.4 with
 * small λ): the weights are moved that far, up or down by chance, and the model answers again. Two sides round, so twice of it.
 */
export async function roundingOf(
  artifacts: GraphModelArtifacts,
  predictorOf: (artifacts: GraphModelArtifacts) => Promise<Predict>,
  sets: readonly HostTensors[],
): Promise<Readonly<Record<string, number>>> {
  const predict = await predictorOf(artifacts);
  const changes: Record<string, number> = {};
  for (let seed = 0; seed < DRAWS; seed++) {
    const moved = await predictorOf(movedWeights(artifacts, seed));
    for (const set of sets) {
      const [want, came] = [await predict(set), await moved(set)];
      for (const [output, tensor] of Object.entries(want))
        changes[output] = Math.max(changes[output] ?? 0, 2 * largestChange(tensor, came[output]!));
    }
  }
  return changes;
}

/** The model with float32 weights, each as far off as the roundings of its products are. */
function movedWeights(artifacts: GraphModelArtifacts, seed: number): GraphModelArtifacts {
  const random = generator(seed + 11);
  const { node: nodes } = artifacts.modelTopology as { readonly node: readonly Node[] };
  const depthwise = new Set(
    nodes.flatMap(({ op, input = [] }) => (op.includes('Depthwise') ? [input[1]!] : [])),
  );
  const weights = [...readWeights(artifacts, 'skip')];
  const parts = weights.map(([name, { dtype, shape, read }]) => {
    const values = read().slice();
    if (dtype === 'float32') {
      const sides = shape.slice(0, depthwise.has(name) ? 2 : -1);
      const share = UNIT * Math.sqrt(sides.reduce((total, side) => total * side, 1));
      const floats = values as Float32Array;
      floats.forEach((value, at) => {
        floats[at] = value * (1 + (random() < 0.5 ? share : -share));
      });
    }
    return Buffer.from(values.buffer, values.byteOffset, values.byteLength);
  });
  return {
    ...artifacts,
    weightSpecs: weights.map(([name, { dtype, shape }]) => ({
      name,
      shape: [...shape],
      dtype: dtype as 'float32',
    })),
    weightData: Uint8Array.from(Buffer.concat(parts)).buffer,
  };
}
