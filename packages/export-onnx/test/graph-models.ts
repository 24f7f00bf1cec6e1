import { readFile, readdir } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { gunzipSync } from 'node:zlib';
import type { GraphModelArtifacts, HostTensor, HostTensors } from '../src/index.ts';
import { generator } from '../src/parity/random.ts';
import { tf } from './tfjs.ts';

const golden = new URL('golden/graph-models/', import.meta.url);
const load = createRequire(import.meta.url);

interface Spec {
  readonly name: string;
  readonly shape: readonly number[];
  readonly dtype: 'float32' | 'int32' | 'bool';
  readonly quantization?: { readonly dtype: 'uint8' | 'uint16' | 'float16' };
  /** In hex; of the others only the shape matters. */
  readonly bytes?: string;
}

/** Names of the models that `scripts/make-graph-models.py` made. */
export async function convertedModels(): Promise<readonly string[]> {
  const files = await readdir(golden);
  return files.map((file) => file.replace('.json.gz', '')).toSorted();
}

/** One of them, its weights drawn from a seed. */
export async function convertedModel(name: string): Promise<GraphModelArtifacts> {
  const json = gunzipSync(await readFile(new URL(`${name}.json.gz`, golden))).toString();
  const { weightSpecs, ...rest } = JSON.parse(json) as Omit<GraphModelArtifacts, 'weightSpecs'> & {
    readonly weightSpecs: readonly Spec[];
  };
  const random = generator(name.length);
  const parts = weightSpecs.map((spec) =>
    spec.bytes === undefined ? drawn(spec, random) : Buffer.from(spec.bytes, 'hex'),
  );
  const bytes = Uint8Array.from(Buffer.concat(parts));
  const specs = weightSpecs.map((spec) => ({ ...spec, bytes: undefined }));
  return {
    ...rest,
    weightSpecs: specs,
    weightData: bytes.buffer,
  };
}

/** Weights that keep values where they are: what sums more products is smaller. */
function drawn({ name, shape, quantization }: Spec, random: () => number): Uint8Array {
  const count = shape.reduce((total, dim) => total * dim, 1);
  if (quantization?.dtype === 'uint8')
    return Uint8Array.from({ length: count }, () => random() * 256);
  if (quantization !== undefined) {
    // Halves of 2^-6 to 2^-2, of either sign.
    const bits = Uint16Array.from({ length: count }, () => {
      const exponent = 9 + Math.floor(random() * 4);
      return (random() < 0.5 ? 0x8000 : 0) | (exponent << 10) | Math.floor(random() * 1024);
    });
    return new Uint8Array(bits.buffer);
  }
  const isDepthwise = shape.length === 4 && shape[3] === 1;
  const products = isDepthwise
    ? shape[0]! * shape[1]!
    : shape.slice(0, -1).reduce((total, dim) => total * dim, 1);
  const spread = shape.length === 1 ? 0.1 : Math.sqrt(3 / products);
  const isVariance = /variance/i.test(name);
  const values = Float32Array.from({ length: count }, () =>
    isVariance ? 0.5 + random() : (2 * random() - 1) * spread,
  );
  return new Uint8Array(values.buffer);
}

const packages = {
  human: ['@vladmandic/human', 'models/'],
  'basic-pitch': ['@spotify/basic-pitch', 'model/'],
} as const;

/** A model that a package brings, with its trained weights. */
export async function realModel(
  from: keyof typeof packages,
  name: string,
): Promise<GraphModelArtifacts> {
  const [entry, folder] = packages[from];
  // Neither lets its package.json be imported.
  const root = load.resolve(entry).split(`/${entry}/`)[0]!;
  const base = new URL(`file://${root}/${entry}/${folder}`);
  const json = JSON.parse(
    await readFile(new URL(`${name}.json`, base), 'utf8'),
  ) as GraphModelArtifacts & {
    readonly weightsManifest: readonly {
      readonly paths: readonly string[];
      readonly weights: GraphModelArtifacts['weightSpecs'];
    }[];
  };
  const { weightsManifest, ...rest } = json;
  const shards = await Promise.all(
    weightsManifest.flatMap(({ paths }) => paths.map((path) => readFile(new URL(path, base)))),
  );
  return {
    ...rest,
    weightSpecs: weightsManifest.flatMap(({ weights }) => weights),
    weightData: Uint8Array.from(Buffer.concat(shards)).buffer,
  };
}

export async function loadGraphModel(artifacts: GraphModelArtifacts): Promise<tf.GraphModel> {
  return tf.loadGraphModel(tf.io.fromMemory(artifacts));
}

/** What tfjs answers: inputs by the order of the model's, outputs under the names given. */
export function graphPredictor(
  model: tf.GraphModel,
  inputNames: readonly string[],
  outputs: Readonly<Record<string, string>>,
): (inputs: HostTensors) => Promise<HostTensors> {
  return async (inputs) => {
    const tensors = Object.fromEntries(
      inputNames.map((name, index) => {
        const { data, shape } = inputs[name]!;
        const dtype = data instanceof Float32Array ? 'float32' : 'int32';
        return [model.inputs[index]!.name, tf.tensor(data, [...shape], dtype)];
      }),
    );
    const nodes = Object.values(outputs);
    const { artifacts } = model as unknown as { artifacts: tf.io.ModelArtifacts };
    const isDynamic = /"op":"((Stateless)?(While|If)|NonMax|Where)/.test(
      JSON.stringify(artifacts.modelTopology),
    );
    const answer = isDynamic
      ? await model.executeAsync(tensors, nodes)
      : model.execute(tensors, nodes);
    const list = Array.isArray(answer) ? answer : [answer];
    const named = Object.keys(outputs).map((name, index): [string, HostTensor] => [
      name,
      { data: list[index]!.dataSync(), shape: list[index]!.shape },
    ]);
    tf.dispose(tensors);
    tf.dispose(list);
    return Object.fromEntries(named);
  };
}

/** Random inputs of so many rows: numbers of [0, 1), indices of a small vocabulary. */
export function graphInputs(
  inputs: readonly {
    readonly name: string;
    readonly dtype: string;
    readonly shape: readonly (number | string)[];
  }[],
  rows: number,
  seed = 1,
): HostTensors {
  const random = generator(seed + rows);
  return Object.fromEntries(
    inputs.map(({ name, dtype, shape }) => {
      const sides = shape.map((side) => (typeof side === 'number' ? side : rows));
      const length = sides.reduce((total, side) => total * side, 1);
      const data =
        dtype === 'float32'
          ? Float32Array.from({ length }, random)
          : Int32Array.from({ length }, () => random() * 20);
      return [name, { data, shape: sides }];
    }),
  );
}
