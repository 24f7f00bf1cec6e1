import {
  smokeFiles,
  writeBundle,
  type BundleManifest,
  type BundleSink,
} from '@snapshot-ensemble/ensemble-bundle';
import type { ModelArtifacts, SnapshotStore } from '@snapshot-ensemble/snapshot-core';
import { buildEnsemble } from './ensemble/build-ensemble.ts';
import { readMembers } from './ensemble/members.ts';
import type { Policies } from './ensemble/policies.ts';
import { makeSmokeTest, type SmokeOptions } from './ensemble/smoke-test.ts';
import type { Statistic } from './ensemble/statistics.ts';
import { encodeModel } from './onnx/encode.ts';
import { asyncChunksOf, bytesOf, checkOneFile } from './onnx/file.ts';
import { settingsOf, type ExportOptions } from './options.ts';

export interface EnsembleOptions extends ExportOptions {
  /** How the members become one: for all outputs, or by output name. Members are counted from 0, oldest first. */
  readonly policy: Policies;
  /** Class names by output name. */
  readonly labels?: Readonly<Record<string, readonly string[]>>;
  /** What the bundle is called. Default `ensemble`. */
  readonly name?: string;
  /** Graph outputs beside the predictions. Default all that fit the kind of output. */
  readonly statistics?: readonly Statistic[];
  /** Adds a request and its answer under `smoke/`. Default none. */
  readonly smoke?: SmokeOptions;
  /** Who made the bundle from what, in words. */
  readonly provenance?: Readonly<Record<string, string>>;
}

const GRAPH_PATH = 'ensemble.onnx';

/**
 * Writes a bundle with one graph: shared inputs, all members, their combination and its uncertainty; weights that members have
 * in common are stored and computed once. `<output>` is the prediction, `[batch, …, classes]`; `<output>.predictive_entropy`,
 * `.expected_entropy`, `.mutual_information` are `[batch, …, 1]` in nats, `.variance` is `[batch, …, values]`, `.members`
 * `[batch, members, …]`. Returns the manifest. Throws `ExportError`.
 */
export async function exportEnsemble(
  members: SnapshotStore | readonly ModelArtifacts[],
  sink: BundleSink,
  options: EnsembleOptions,
): Promise<BundleManifest> {
  const settings = settingsOf(options);
  const read = await readMembers(members);
  const built = buildEnsemble(read, options.policy, options.statistics, settings);
  const encoded = checkOneFile(encodeModel(built.model));
  const name = options.name ?? 'ensemble';
  const smoke = options.smoke && (await makeSmokeTest(name, bytesOf(encoded), options.smoke));
  return writeBundle(sink, {
    manifest: {
      name,
      inputs: built.inputs,
      outputs: built.outputs,
      labels: options.labels ?? {},
      policy: Object.fromEntries(built.policies),
      members: read.map(({ description }) => description),
      form: 'fused',
      precision: 'float32',
      graph: GRAPH_PATH,
      opset: settings.opset,
      provenance: options.provenance ?? {},
    },
    files: { [GRAPH_PATH]: asyncChunksOf(encoded), ...(smoke && smokeFiles(smoke)) },
  });
}
