import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';
import type * as Tfjs from '@tensorflow/tfjs';
import {
  isGraphModel,
  type GraphModelArtifacts,
  type HostTensor,
  type HostTensors,
} from '@snapshot-ensemble/export-onnx';
import type { ModelArtifacts } from '@snapshot-ensemble/snapshot-core';
import { inProject } from '../doctor/packages.ts';
import { installLine } from '../install-line.ts';
import { EnvironmentError } from '../run-main.ts';

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

/** The same, where there is no doing without. Throws `EnvironmentError`. */
export async function needed<T>(name: string, directory: string, flag: string): Promise<T> {
  const module = await found<T>(name, directory);
  if (module !== undefined) return module;
  throw new EnvironmentError(
    `${flag === 'train' ? flag : `export: ${flag}`} needs ${name}, which is not installed. Type: ${installLine(name)}`,
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
  readonly models: readonly (Tfjs.LayersModel | Tfjs.GraphModel)[];
  readonly predict: (inputs: HostTensors) => Promise<readonly HostTensors[]>;
  dispose(): void;
}

export async function openTfjsModels(
  tf: typeof Tfjs,
  artifacts: readonly (ModelArtifacts | GraphModelArtifacts)[],
  inputs: readonly { readonly name: string; readonly dtype: string }[],
  outputs: readonly string[],
  cutAt?: readonly string[],
): Promise<TfjsModels> {
  // Else it greets whoever runs it in Node.
  tf.enableProdMode();
  await tf.setBackend('cpu');
  const models: (Tfjs.LayersModel | Tfjs.GraphModel)[] = [];
  for (const each of artifacts) {
    const handler = tf.io.fromMemory(inOneBuffer(each));
    models.push(
      isGraphModel(each) ? await tf.loadGraphModel(handler) : await tf.loadLayersModel(handler),
    );
  }
  return {
    models,
    async predict(given) {
      const tensors = inputs.map(({ name, dtype }) => {
        const { data, shape } = given[name]!;
        return tf.tensor(data, [...shape], dtype as 'float32' | 'int32' | 'bool');
      });
      const answers: HostTensors[] = [];
      for (const model of models) {
        const all = await answerOf(tf, model, tensors, cutAt);
        const named = all.map((tensor, index): [string, HostTensor] => [
          outputs[index]!,
          { data: tensor.dataSync(), shape: tensor.shape },
        ]);
        answers.push(Object.fromEntries(named));
        tf.dispose([...all]);
      }
      tf.dispose(tensors);
      return answers;
    },
    dispose() {
      for (const model of models) model.dispose();
    },
  };
}

async function answerOf(
  tf: typeof Tfjs,
  model: Tfjs.LayersModel | Tfjs.GraphModel,
  tensors: Tfjs.Tensor[],
  cutAt: readonly string[] | undefined,
): Promise<readonly Tfjs.Tensor[]> {
  const answer = await predicted(tf, model, tensors, cutAt);
  if (Array.isArray(answer)) return answer;
  return 'dataSync' in answer ? [answer as Tfjs.Tensor] : Object.values(answer);
}

/** A layers model leaves tensors behind; a graph model with loops runs asynchronously only, and says so. */
async function predicted(
  tf: typeof Tfjs,
  model: Tfjs.LayersModel | Tfjs.GraphModel,
  tensors: Tfjs.Tensor[],
  cutAt: readonly string[] | undefined,
): Promise<Tfjs.Tensor | Tfjs.Tensor[] | Tfjs.NamedTensorMap> {
  const nodes = cutAt && [...cutAt];
  try {
    if (nodes !== undefined && 'execute' in model)
      return tf.tidy(() => model.execute(tensors, nodes));
    return tf.tidy(() => model.predict(tensors));
  } catch (error) {
    if (!('executeAsync' in model && error instanceof Error)) throw error;
    if (!error.message.includes('executeAsync')) throw error;
    return nodes === undefined ? model.predictAsync(tensors) : model.executeAsync(tensors, nodes);
  }
}

function inOneBuffer(artifacts: ModelArtifacts | GraphModelArtifacts): Tfjs.io.ModelArtifacts {
  const { weightSpecs, weightData } = artifacts;
  const parts = Array.isArray(weightData) ? (weightData as ArrayBuffer[]) : [weightData];
  const bytes = Buffer.concat(parts.map((part) => new Uint8Array(part as ArrayBuffer)));
  return {
    ...(artifacts as Tfjs.io.ModelArtifacts),
    weightSpecs: weightSpecs as Tfjs.io.WeightsManifestEntry[],
    weightData: Uint8Array.from(bytes).buffer,
  };
}
