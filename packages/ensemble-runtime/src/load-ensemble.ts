import { fileURLToPath } from 'node:url';
import { readBundle, type BundleSource } from '@snapshot-ensemble/ensemble-bundle';
import { bundleDirectory } from '@snapshot-ensemble/ensemble-bundle/node';
import { coreBudget, type CoreBudget } from './cores/budget.ts';
import type { Ensemble } from './ensemble.ts';
import { startChild } from './executor/child.ts';
import { createChildren, inChildren, type Children } from './executor/children.ts';
import { inThisThread } from './executor/in-this-thread.ts';
import type { OpenExecutor } from './executor/port.ts';
import { openThread } from './executor/thread.ts';
import { openEnsemble } from './open-ensemble.ts';
import { resolveOptions, type LoadOptions } from './options.ts';
import { fingerprint, readTuning } from './tune/tuning.ts';

let budgetOfProcess: CoreBudget | undefined;
/** By niceness. */
const childrenOf = new WeakMap<CoreBudget, Map<number, Children>>();

/** The budget that ensembles share where none is given: all cores that this process may use. */
export function defaultCores(): CoreBudget {
  return (budgetOfProcess ??= coreBudget());
}

/**
 * Loads a bundle from a folder (path or `file:` URL) or any `BundleSource`, verifies its checksums, and opens it where
 * `executor` says. Throws `BundleError`, `InferenceError`, and `RangeError` for impossible options.
 */
export async function loadEnsemble(
  bundle: string | URL | BundleSource,
  options: LoadOptions = {},
): Promise<Ensemble> {
  const cores = options.cores ?? defaultCores();
  // Impossible options are refused before anything is read.
  resolveOptions(options, cores.limit);
  const source = toSource(bundle);
  const opened = await readBundle(source);
  try {
    const choices = isChosen(options)
      ? undefined
      : await readTuning(source, fingerprint(cores.limit, opened.revision));
    const tuned = { ...choices?.[options.mode ?? 'latency'], ...options };
    return await openEnsemble(opened, resolveOptions(tuned, cores.limit), {
      open: executorOf(options, cores),
      cores,
    });
  } catch (error) {
    await opened.close();
    throw error;
  }
}

/** Whether the caller chose what `tune` would have. */
function isChosen({ workers, threads, spinning }: LoadOptions): boolean {
  return workers !== undefined || threads !== undefined || spinning !== undefined;
}

function toSource(bundle: string | URL | BundleSource): BundleSource {
  if (typeof bundle === 'string') return bundleDirectory(bundle);
  return bundle instanceof URL ? bundleDirectory(fileURLToPath(bundle)) : bundle;
}

function executorOf(
  { executor, processes, niceness = 0 }: LoadOptions,
  cores: CoreBudget,
): OpenExecutor {
  if (executor === 'thread') return openThread;
  if (typeof executor === 'object') return inThisThread(executor.ort);
  const known = childrenOf.get(cores) ?? new Map<number, Children>();
  childrenOf.set(cores, known);
  const children = known.get(niceness) ?? createChildren(() => startChild(niceness), cores.limit);
  known.set(niceness, children);
  return inChildren(children, processes === 'own');
}
