import {
  memoryBundle,
  smokeFiles,
  writeBundle,
  type BundleForm,
  type BundleManifest,
  type BundlePreprocess,
  type BundleSink,
} from '@snapshot-ensemble/ensemble-bundle';
import type { KnownOptions } from '@snapshot-ensemble/options';
import type { SnapshotStore } from '@snapshot-ensemble/snapshot-core';
import type { AnyArtifacts } from './build-model.ts';
import { backboneGraph, headSettings, putOnBackbone } from './ensemble/backbone.ts';
import { modelCard } from './ensemble/card.ts';
import { checkPolicies } from './ensemble/check-policy.ts';
import { checkAlike } from './ensemble/check-alike.ts';
import { chosenForm, ensembleFiles } from './ensemble/files.ts';
import { memberGraphs } from './ensemble/member-graph.ts';
import { readMembers } from './ensemble/members.ts';
import type { Plan } from './ensemble/plan.ts';
import type { EnsemblePolicy } from '@snapshot-ensemble/ensemble-math';
import { ExportError, refuseUnknown } from './errors.ts';
import { policiesOf, type Policies } from './ensemble/policies.ts';
import type { Statistic } from './ensemble/policy/statistics.ts';
import {
  againstFloat32,
  knownComparisonRows,
  type ComparisonRows,
  type BundleComparisons,
} from './ensemble/precision/against-float32.ts';
import { precisionOf, type Precision } from './ensemble/precision/index.ts';
import { preprocessGraphs } from './ensemble/preprocess.ts';
import { provenanceOf } from './ensemble/provenance.ts';
import { bundleTensor } from './ensemble/tensors.ts';
import { knownSmokeOptions, smokeTestOf, type SmokeOptions } from './ensemble/truth.ts';
import { without } from './ensemble/without.ts';
import { knownExportOptions, settingsOf, type ExportOptions, type Settings } from './options.ts';

export interface ExportEnsembleOptions extends ExportOptions {
  /** How the members become one: for all outputs, or by output name. Members are counted from 0 among those exported, oldest first. */
  readonly policy: Policies;
  /**
   * How the members are divided into files. `auto` takes `staged` where the policy has a cascade, `stacked` for heads
   * on a `backbone`, else `fused`, which is the faster one at larger batches. Default `auto`.
   */
  readonly form?: BundleForm | 'auto';
  /** How weights are stored and computed with. Default `float32`. */
  readonly precision?: Precision;
  /**
   * A frozen model whose outputs the members take, those of the same name, else in order: stored and computed once,
   * whatever the form. `cutAt`, `inputShapes` and `inputLayout` then apply to it. Default none: each member takes the
   * inputs itself.
   */
  readonly backbone?: AnyArtifacts;
  /** Rows on which a reduced `precision` is compared with float32, both graphs in memory; the card has the figures, too. Default none. */
  readonly compareOn?: ComparisonRows;
  /** Which members, by position or id. Default all. */
  readonly members?: readonly (number | string)[];
  /** Whether each member's own graph is written beside the ensemble's, for `fused` and `stacked`. Default false. */
  readonly memberFiles?: boolean;
  /** Whether weights go to files of their own, `<graph>.data`. Default only where one file cannot hold them, from 2 GiB on. */
  readonly externalData?: boolean;
  /** Class names by output name; of a binary output the negative and the positive one. */
  readonly labels?: Readonly<Record<string, readonly string[]>>;
  /** The bundle's name. Default `ensemble`. */
  readonly name?: string;
  /** Graph outputs beside the predictions. Default all that fit the kind of output; what the policy asks for is always there. */
  readonly statistics?: readonly Statistic[];
  /** Outputs that are logits of independent probabilities (kinds `binary` and `multi-label`): the graph adds the sigmoid. */
  readonly sigmoidOutputs?: readonly string[];
  /** What the graph does to inputs before the members see them, by input name; such an input takes uint8 pixels. Default nothing. */
  readonly preprocess?: Readonly<Record<string, BundlePreprocess>>;
  /** Adds a request and the members' own answer, combined by ensemble-math, under `smoke/`. Default none. */
  readonly smoke?: SmokeOptions;
  /** Who made the bundle from what, as text, in addition to run, versions and policy. */
  readonly provenance?: Readonly<Record<string, string>>;
}

const knownEnsembleOptions: KnownOptions<ExportEnsembleOptions> = {
  ...knownExportOptions,
  ...{ policy: true, form: true, precision: true, members: true, memberFiles: true },
  ...{ externalData: true, labels: true, name: true, statistics: true, sigmoidOutputs: true },
  ...{ preprocess: true, smoke: true, provenance: true, backbone: true, compareOn: true },
};

/** What was written, and which parts could not be stacked. */
export interface ExportedEnsemble {
  readonly manifest: BundleManifest;
  /** Parts that a stacked graph computes member by member, and why. */
  readonly notStacked: readonly { readonly node: string; readonly reason: string }[];
  /** What a reduced precision costs and gains, by output; empty without `compareOn`. */
  readonly comparisons: BundleComparisons | undefined;
}

/**
 * Writes a bundle: shared inputs, all members, their combination and its uncertainty; weights that members have in
 * common are stored and computed once. `<output>` is the prediction, `[batch, …, classes]`; `<output>.<role>` is what
 * comes with it, of the shape that `OutputRole` in ensemble-bundle gives. Members of a store are read one at a time,
 * but for `stacked`. Throws `ExportError`; nothing is written if the policy asks for what the graph cannot do.
 */
export async function exportEnsemble(
  source: SnapshotStore | readonly AnyArtifacts[],
  sink: BundleSink,
  options: ExportEnsembleOptions,
): Promise<ExportedEnsemble> {
  refuseUnknown('exportEnsemble', options, knownEnsembleOptions);
  refuseUnknown('exportEnsemble: smoke', options.smoke, knownSmokeOptions);
  refuseUnknown('exportEnsemble: compareOn', options.compareOn, knownComparisonRows);
  const settings = settingsOf(options);
  refuseStates(settings);
  const { name = 'ensemble', labels = {}, sigmoidOutputs = [] } = options;
  const run = await readMembers(source, options.members);
  const precision = precisionOf(options.precision, settings.opset);
  const form = chosenForm(options.form ?? 'auto', options);
  const isStacked = form === 'stacked';
  const backbone = options.backbone && backboneGraph(options.backbone, settings);
  const convert = backbone ? await precision.after(backbone) : precision.convert;
  const alone = await memberGraphs(run.members, {
    settings: backbone ? headSettings(settings) : settings,
    sigmoidOutputs,
    // A stacked weight is made of every member's.
    isHeld: isStacked,
    // All members at once where they are stacked.
    convert: isStacked ? (graph) => graph : convert,
  });
  checkAlike(alone);
  const parts = backbone
    ? putOnBackbone(await precision.convert(backbone), alone)
    : { backbone: [], members: alone };
  const policies = policiesOf(
    options.policy,
    alone[0]!.outputs.map((output) => output.name),
  );
  checkPolicies(policies, alone, form);
  const preprocess = preprocessGraphs(
    [...parts.backbone, parts.members[0]!].flatMap(({ inputs }) => inputs),
    options.preprocess ?? {},
    settings.opset,
  );
  const plan: Plan = {
    members: preprocess.renamed(parts.members),
    preprocess: preprocess.graphs,
    backbone: preprocess.renamed(parts.backbone),
    policies,
    statistics: options.statistics,
    opset: settings.opset,
    convert,
  };
  const { memberFiles = false, externalData = false } = options;
  const shortNames = precision.name !== 'float32';
  const fileSettings = { ...settings, memberFiles, externalData, shortNames };
  const made = await ensembleFiles(form, plan, fileSettings);
  const facts = {
    name,
    form,
    precision: precision.name,
    inputs: made.inputs.map(bundleTensor),
    outputs: made.outputs,
    labels,
    policy: Object.fromEntries(policies),
    members: run.members.map(({ description }, index) => ({
      ...description,
      ...(made.memberFiles[index] !== undefined && { file: made.memberFiles[index] }),
    })),
    ...(made.graph !== undefined && { graph: made.graph }),
    ...(made.stages !== undefined && { stages: made.stages }),
    opset: settings.opset,
    ...(options.preprocess && { preprocess: options.preprocess }),
  };
  const comparisons =
    options.compareOn && (await compared(source, options, options.compareOn, policies));
  const smoke = options.smoke && (await smokeTestOf(facts, options.smoke));
  const provenance = provenanceOf(run.provenance, facts, smoke !== undefined, options.provenance);
  const manifest = { ...facts, provenance };
  const written = await writeBundle(sink, {
    manifest,
    files: {
      ...made.files,
      ...(smoke && smokeFiles(smoke)),
      'CARD.md': new TextEncoder().encode(modelCard(manifest, smoke !== undefined, comparisons)),
    },
  });
  return { manifest: written, notStacked: made.notStacked, comparisons };
}

function refuseStates({ exposeStates }: Settings): void {
  if (exposeStates)
    throw new ExportError(
      'invalid-option',
      'exposeStates is an option for a single model; leave it out of an ensemble.',
    );
}

/** The same members as one graph at float32 and as asked for, on the same rows. */
async function compared(
  source: SnapshotStore | readonly AnyArtifacts[],
  options: ExportEnsembleOptions,
  rows: ComparisonRows,
  policies: ReadonlyMap<string, EnsemblePolicy>,
): Promise<BundleComparisons> {
  if ((options.precision ?? 'float32') === 'float32')
    throw new ExportError(
      'invalid-option',
      'compareOn compares a reduced precision with float32, but the precision is float32. Give another, or leave compareOn out.',
    );
  const graphAt = async (precision: Precision): Promise<Uint8Array> => {
    const bundle = memoryBundle();
    await exportEnsemble(source, bundle, {
      ...without(options, 'compareOn', 'smoke', 'memberFiles'),
      precision,
      form: chosenForm(options.form ?? 'auto', options) === 'stacked' ? 'stacked' : 'fused',
      // One graph runs all members.
      policy: Object.fromEntries(
        [...policies].map(([name, own]) => [name, without(own, 'cascade')]),
      ),
      statistics: [],
      externalData: false,
    });
    return bundle.files.get('ensemble.onnx')!;
  };
  return againstFloat32(
    rows,
    policies,
    await graphAt('float32'),
    await graphAt(options.precision!),
  );
}
