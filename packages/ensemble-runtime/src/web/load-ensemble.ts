import { readBundle, type BundleSource } from '@snapshot-ensemble/ensemble-bundle';
import type { Ensemble } from '../ensemble.ts';
import { inThisThread } from '../executor/in-this-thread.ts';
import type { OrtModule } from '../executor/ort-module.ts';
import { openEnsemble } from '../open-ensemble.ts';
import { resolveOptions, type CommonOptions } from '../options.ts';

export interface WebLoadOptions extends CommonOptions {
  /** Runs on the calling thread (a page's or a worker's), with the module of onnxruntime-web passed in. */
  readonly executor: { readonly ort: OrtModule };
}

/**
 * Loads a bundle where there is no Node: verifies its checksums and opens it with the onnxruntime module given. Throws
 * `BundleError`, `InferenceError`, and `RangeError` for impossible options.
 */
export async function loadEnsemble(
  bundle: BundleSource,
  options: WebLoadOptions,
): Promise<Ensemble> {
  const settings = resolveOptions(options, 1);
  const opened = await readBundle(bundle);
  try {
    return await openEnsemble(opened, settings, {
      open: inThisThread(options.executor.ort),
      // One thread runs one batch at a time as it is.
      cores: {
        take: (_, start) => {
          start(() => undefined);
        },
      },
    });
  } catch (error) {
    await opened.close();
    throw error;
  }
}
