import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';
import type * as Tfjs from '@tensorflow/tfjs';
import type { HostTensor, HostTensors } from '@snapshot-ensemble/export-onnx';
import type { ModelArtifacts } from '@snapshot-ensemble/snapshot-core';
import { inProject } from '../doctor/packages.ts';
import { UsageError } from '../run-main.ts';

/** A package of the user's project, or ours; undefined where neither has it. */
export async function found<T>(name: string, directory: string): Promise<T | undefined> {
  for (const from of [inProject(directory), import.meta.url]) {
    const place = resolveFrom(name, from);
    if (place === undefined) continue;
    const module = (await import(pathToFileURL(place).href)) as T & { readonly default?: T };
    return module.default ?? module;
  }
  return undefined;
}

/** The same, where there is no doing without. Throws `UsageError`. */
export async function needed<T>(name: string, directory: string, flag: string): Promise<T> {
  const module = await found<T>(name, directory);
  if (module !== undefined) return module;
  throw new UsageError(
    `export: ${flag} needs ${name}, which is not installed. Install it: npm install ${name}`,
  );
}

function resolveFrom(name: string, from: string): string | undefined {
  try {
    return createRequire(from).resolve(name);
  } catch {
    return undefined;
  }
}

/** Saved models as TensorFlow.js runs them: what each answers, by the names of its outputs. */
export interface TfjsModels {
  readonly models: readonly Tfjs.LayersModel[];
  predict(inputs: HostTensors): readonly HostTensors[];
  dispose(): void;
}

export async function openTfjsModels(
  tf: typeof Tfjs,
  artifacts: readonly ModelArtifacts[],
  inputs: readonly { readonly name: string; readonly dtype: string }[],
  outputs: readonly string[],
): Promise<TfjsModels> {
  // Else it greets whoever runs it in Node.
  tf.enableProdMode();
  await tf.setBackend('cpu');
  const models: Tfjs.LayersModel[] = [];
  for (const each of artifacts)
    models.push(await tf.loadLayersModel(tf.io.fromMemory(inOneBuffer(each))));
  return {
    models,
    predict(given) {
      tf.engine().startScope();
      const tensors = inputs.map(({ name, dtype }) => {
        const { data, shape } = given[name]!;
        return tf.tensor(data, [...shape], dtype as 'float32' | 'int32' | 'bool');
      });
      const answers = models.map((model) => {
        const answer = model.predict(tensors);
        const all = Array.isArray(answer) ? answer : [answer];
        return Object.fromEntries(
          all.map((tensor, index): [string, HostTensor] => [
            outputs[index]!,
            { data: tensor.dataSync(), shape: tensor.shape },
          ]),
        );
      });
      tf.engine().endScope();
      return answers;
    },
    dispose() {
      for (const model of models) model.dispose();
    },
  };
}

function inOneBuffer({ modelTopology, weightSpecs, weightData }: ModelArtifacts) {
  const parts = Array.isArray(weightData) ? (weightData as ArrayBuffer[]) : [weightData];
  const bytes = Buffer.concat(parts.map((part) => new Uint8Array(part as ArrayBuffer)));
  return {
    modelTopology,
    weightSpecs: weightSpecs as Tfjs.io.WeightsManifestEntry[],
    weightData: Uint8Array.from(bytes).buffer,
  };
}
