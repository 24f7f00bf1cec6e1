import { access } from 'node:fs/promises';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import type * as Tfjs from '@tensorflow/tfjs';
import type { SnapshotEnsembleOptions } from '@snapshot-ensemble/adapter-tfjs';
import { UsageError } from '../run-main.ts';

/** What a user's module says is to be trained. */
export interface TrainingModule {
  readonly model: Tfjs.LayersModel;
  readonly data: TrainingData;
  readonly options: TrainingOptions;
}

export type TrainingData =
  | { readonly inputs: Tfjs.Tensor | Tfjs.Tensor[]; readonly targets: Tfjs.Tensor | Tfjs.Tensor[] }
  | { readonly dataset: Parameters<Tfjs.LayersModel['fitDataset']>[0] };

/** Everything but `ensemble` goes to `fit` or `fitDataset` as it is. */
export type TrainingOptions = Readonly<Record<string, unknown>> & {
  readonly epochs: number;
  readonly ensemble?: SnapshotEnsembleOptions;
};

/** Reads the module. Throws `UsageError` for one that cannot be read or exports something else. */
export async function readTrainingModule(file: string, directory: string): Promise<TrainingModule> {
  const place = resolve(directory, file);
  await access(place).catch((cause: unknown) => {
    throw new UsageError(`train: there is no file "${file}". Give your module, e.g. train.mjs.`, {
      cause,
    });
  });
  if (!/\.[cm]?[jt]s$/.test(file))
    throw new UsageError(
      `train: "${file}" is not a module. Give an .mjs or .js file, e.g. train.mjs.`,
    );
  const exported = await importModule(file, place);
  const model = await valueOf<Tfjs.LayersModel>(file, exported, 'model');
  const data = await valueOf<TrainingData>(file, exported, 'data');
  const options = await valueOf<TrainingOptions>(file, exported, 'options');
  if (typeof model.fit !== 'function' || typeof model.fitDataset !== 'function')
    throw wrong(
      file,
      'model',
      'is not a tf.LayersModel',
      'a compiled tf.sequential() or tf.model()',
    );
  if (!('dataset' in data || ('inputs' in data && 'targets' in data)))
    throw wrong(
      file,
      'data',
      `has the keys ${Object.keys(data).join(', ') || '(none)'}`,
      '{ inputs, targets } or { dataset }',
    );
  if (!Number.isInteger(options.epochs) || options.epochs < 1)
    throw wrong(file, 'options', `has epochs ${String(options.epochs)}`, 'a whole number from 1');
  const ours = ['callbacks', 'initialEpoch'].find((name) => name in options);
  if (ours !== undefined)
    throw new UsageError(
      `train: options.${ours} of "${file}" is set by the command. Leave it out, or call model.fit yourself.`,
    );
  return { model, data, options };
}

async function importModule(
  file: string,
  place: string,
): Promise<Readonly<Record<string, unknown>>> {
  try {
    return (await import(pathToFileURL(place).href)) as Readonly<Record<string, unknown>>;
  } catch (cause) {
    const { message } = cause as Error;
    throw new UsageError(`train: cannot load "${file}": ${message} (--debug shows where).`, {
      cause,
    });
  }
}

async function valueOf<T extends object>(
  file: string,
  exported: Readonly<Record<string, unknown>>,
  name: string,
): Promise<T> {
  const given = exported[name];
  const value: unknown = typeof given === 'function' ? await (given as () => unknown)() : given;
  if (typeof value === 'object' && value !== null) return value as T;
  const has = Object.keys(exported).join(', ') || 'nothing';
  throw new UsageError(
    `train: "${file}" exports no ${name}; it exports ${has}. Export model, data and options, each an object or a function that returns it.`,
  );
}

function wrong(file: string, name: string, what: string, allowed: string): UsageError {
  return new UsageError(`train: ${name} of "${file}" ${what}. Give ${allowed}.`);
}
