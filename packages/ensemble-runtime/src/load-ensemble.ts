import { fileURLToPath } from 'node:url';
import { readBundle, type Bundle, type BundleSource } from '@snapshot-ensemble/ensemble-bundle';
import { bundleDirectory } from '@snapshot-ensemble/ensemble-bundle/node';
import { createBatcher } from './batcher.ts';
import { checkGraph } from './check-graph.ts';
import { ensembleOf, type Ensemble } from './ensemble.ts';
import { openLane, type Lane } from './lane.ts';
import { resolveOptions, type LoadOptions } from './options.ts';
import { createRecorder, type Recorder } from './stats.ts';
import { startThread } from './thread.ts';

/**
 * Loads a bundle from a folder (path or `file:` URL) or any `BundleSource`, checks it against its sums, and opens it on threads of its
 * own. Throws `BundleError`, `InferenceError`, and `RangeError` for impossible options.
 */
export async function loadEnsemble(
  bundle: string | URL | BundleSource,
  options: LoadOptions = {},
): Promise<Ensemble> {
  const settings = resolveOptions(options);
  const opened = await readBundle(toSource(bundle));
  const recorder = createRecorder();
  const lanes = await openLanes(opened, settings, recorder);
  const batcher = createBatcher({
    ...settings,
    manifest: opened.manifest,
    lanes,
    recorder,
    now: () => performance.now(),
  });
  return ensembleOf(opened.manifest, lanes, batcher, recorder, settings.maxBatchRows);
}

function toSource(bundle: string | URL | BundleSource): BundleSource {
  if (typeof bundle === 'string') return bundleDirectory(bundle);
  return bundle instanceof URL ? bundleDirectory(fileURLToPath(bundle)) : bundle;
}

async function openLanes(
  bundle: Bundle,
  { device, workers, threads, spinning }: Required<LoadOptions>,
  recorder: Recorder,
): Promise<readonly Lane[]> {
  const { manifest } = bundle;
  const open = (): Promise<Lane> =>
    openLane(
      async () => {
        // Read again for each thread: its session takes the bytes, and a copy here would double the memory.
        const model = await bundle.readGraph();
        return startThread({ name: manifest.name, model, device, threads, spinning });
      },
      () => {
        recorder.restart();
      },
    );
  const attempts = await Promise.allSettled(Array.from({ length: workers }, open));
  const lanes = attempts.flatMap((attempt) =>
    attempt.status === 'fulfilled' ? [attempt.value] : [],
  );
  try {
    for (const attempt of attempts) if (attempt.status === 'rejected') throw attempt.reason;
    checkGraph(manifest, lanes[0]!.opened);
    return lanes;
  } catch (error) {
    await Promise.all(lanes.map((lane) => lane.close()));
    throw error;
  }
}
