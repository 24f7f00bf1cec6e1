import { fileURLToPath } from 'node:url';
import {
  compareAnswer,
  readBundle,
  type Bundle,
  type BundleSource,
} from '@snapshot-ensemble/ensemble-bundle';
import { bundleDirectory } from '@snapshot-ensemble/ensemble-bundle/node';
import { loadEnsemble, type Ensemble, type LoadOptions } from '@snapshot-ensemble/ensemble-runtime';
import { ServerError } from '../errors.ts';
import { answerSmoke } from '../service/answer-smoke.ts';
import { modelOf, type Model, type ModelLimits } from './model.ts';

/** Where a bundle is: a folder (path or `file:` URL), or any `BundleSource`. */
export type BundleLocation = string | URL | BundleSource;

export interface OpenOptions {
  readonly runtime: LoadOptions;
  readonly limits: ModelLimits;
}

const CARD_PATH = 'CARD.md';

/**
 * Opens a bundle as a version of a model: sums checked, its smoke test replayed, warm. Throws what `loadEnsemble` throws, and
 * `ServerError('load-failed')` where the smoke test gets another answer.
 */
export async function openModel(
  name: string,
  version: string,
  location: BundleLocation,
  { runtime, limits }: OpenOptions,
): Promise<Model> {
  const { bundle, ensemble } = await openBoth(toSource(location), runtime);
  try {
    const card = await readCard(bundle);
    const model = modelOf(name, version, ensemble, { card, limits });
    await replaySmokeTest(bundle, model);
    await ensemble.warmUp();
    return model;
  } catch (error) {
    await ensemble.close();
    throw error;
  } finally {
    await bundle.close();
  }
}

// Each try needs another export to end while the bundle is opened.
const MAX_TRIES = 5;

/** The bundle and its ensemble at one revision, whatever is exported meanwhile. */
async function openBoth(
  source: BundleSource,
  runtime: LoadOptions,
): Promise<{ readonly bundle: Bundle; readonly ensemble: Ensemble }> {
  for (let tries = 1; ; tries++) {
    const bundle = await readBundle(source);
    try {
      const ensemble = await loadEnsemble(source, runtime);
      if (ensemble.revision === (bundle.revision ?? '') || tries === MAX_TRIES)
        return { bundle, ensemble };
      await ensemble.close();
    } catch (error) {
      await bundle.close();
      throw error;
    }
    await bundle.close();
  }
}

export function toSource(location: BundleLocation): BundleSource {
  if (typeof location === 'string') return bundleDirectory(location);
  return location instanceof URL ? bundleDirectory(fileURLToPath(location)) : location;
}

async function readCard(bundle: Bundle): Promise<string | undefined> {
  if (!Object.hasOwn(bundle.manifest.files, CARD_PATH)) return undefined;
  return new TextDecoder().decode(await bundle.readFile(CARD_PATH));
}

async function replaySmokeTest(bundle: Bundle, model: Model): Promise<void> {
  const smoke = await bundle.readSmokeTest();
  if (smoke === undefined) return;
  const answer = await answerSmoke(model, smoke);
  const problems = compareAnswer(smoke.expected, answer).filter(
    ({ problem }) => problem !== undefined,
  );
  if (problems.length === 0) return;
  throw new ServerError(
    'load-failed',
    `Model "${model.name}" is not served: it does not answer its bundle's smoke test as the bundle says (${problems.map(({ output, problem }) => `output "${output}": ${problem!}`).join('; ')}). Export the bundle again.`,
  );
}
