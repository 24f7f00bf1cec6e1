import type * as Tfjs from '@tensorflow/tfjs';
import type { BundlePreprocess, BundleSink } from '@snapshot-ensemble/ensemble-bundle';
import {
  backbonePairs,
  writeOnnx,
  type ExportedTensor,
  type HostTensor,
  type HostTensors,
} from '@snapshot-ensemble/export-onnx';
import type { ModelArtifacts } from '@snapshot-ensemble/snapshot-core';
import type { Backbone } from './backbone.ts';
import { openTfjsModels } from './tfjs.ts';

/** What a bundle does before and after its members. */
export interface Around {
  readonly backbone?: Backbone | undefined;
  readonly preprocess?: Readonly<Record<string, BundlePreprocess>> | undefined;
  /** Outputs that are logits, whose sigmoid the graph adds. */
  readonly sigmoidOutputs?: readonly string[] | undefined;
}

type Input = Pick<ExportedTensor, 'name' | 'dtype'>;

/** What is before the members, as TensorFlow.js runs it. */
export interface TfjsFront {
  /** What the members take, in their order. */
  readonly inputs: readonly Input[];
  /** Requests as the members take them. */
  readonly feeds: (inputs: HostTensors) => Promise<HostTensors>;
}

/** `inputs` are those of the bundle. */
export async function openFront(
  tf: typeof Tfjs,
  { backbone, preprocess = {} }: Around,
  member: ModelArtifacts,
  inputs: readonly { readonly name: string; readonly dtype: string }[],
): Promise<TfjsFront> {
  const prepared = (given: HostTensors): HostTensors => allPreprocessed(tf, given, preprocess);
  if (backbone === undefined)
    return {
      inputs: inputs.map(({ name, dtype }) => ({
        name,
        // Pixels become numbers.
        dtype: preprocess[name] === undefined ? (dtype as Input['dtype']) : 'float32',
      })),
      feeds: (given) => Promise.resolve(prepared(given)),
    };
  const { artifacts, cutAt, inputShapes } = backbone;
  const own = await writeOnnx(artifacts, nowhere, {
    ...(cutAt && { cutAt }),
    ...(inputShapes && { inputShapes }),
  });
  const heads = await writeOnnx(member, nowhere);
  const fed = backbonePairs(own.outputs, heads.inputs);
  const names = own.outputs.map(({ name }) => name);
  const model = await openTfjsModels(tf, [artifacts], own.inputs, names, cutAt);
  return {
    inputs: heads.inputs,
    async feeds(given) {
      const ready = prepared(given);
      const [features] = await model.predict(ready);
      const taken = fed.map(([output, input]) => [input.name, features![output.name]!] as const);
      return { ...ready, ...Object.fromEntries(taken) };
    },
  };
}

/** Only the names of what goes in and out are wanted. */
const nowhere: BundleSink = {
  async write(_, chunks) {
    const all = chunks[Symbol.asyncIterator]();
    while ((await all.next()).done !== true);
  },
};

/** What the graph does to pixels, in TensorFlow.js. */
export function allPreprocessed(
  tf: typeof Tfjs,
  inputs: HostTensors,
  wanted: Readonly<Record<string, BundlePreprocess>>,
): HostTensors {
  // Else it greets whoever runs it in Node.
  tf.enableProdMode();
  return Object.fromEntries(
    Object.entries(inputs).map(([name, tensor]) => {
      const steps = wanted[name];
      return [name, steps === undefined ? tensor : preprocessed(tf, tensor, steps)];
    }),
  );
}

function preprocessed(
  tf: typeof Tfjs,
  { data, shape }: HostTensor,
  { layout, resize, scale, mean, deviation }: BundlePreprocess,
): HostTensor {
  const result = tf.tidy(() => {
    const given = tf.tensor4d(Float32Array.from(data), shape as [number, number, number, number]);
    const pixels = layout === 'nchw' ? tf.transpose(given, [0, 2, 3, 1]) : given;
    return resized(tf, pixels, resize)
      .mul(scale)
      .sub([...mean])
      .div([...deviation]);
  });
  const values = result.dataSync<'float32'>();
  result.dispose();
  return { data: values, shape: result.shape };
}

function resized(
  tf: typeof Tfjs,
  pixels: Tfjs.Tensor4D,
  resize: BundlePreprocess['resize'],
): Tfjs.Tensor4D {
  if (resize === undefined) return pixels;
  const size: [number, number] = [resize.height, resize.width];
  return resize.method === 'bilinear'
    ? tf.image.resizeBilinear(pixels, size)
    : tf.image.resizeNearestNeighbor(pixels, size);
}
