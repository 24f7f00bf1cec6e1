import type {
  BundleForm,
  BundleOutput,
  BundleStage,
  FileContent,
} from '@snapshot-ensemble/ensemble-bundle';
import { modelOf } from '../build-model.ts';
import { encodeModel } from '../onnx/encode.ts';
import { externalChunks, placeExternally } from '../onnx/external-data.ts';
import { asyncChunksOf, checkOneFile, MAX_MODEL_BYTES } from '../onnx/file.ts';
import type { Graph, ValueInfo } from '../onnx/model.ts';
import { byteLengthOf } from '../onnx/tensor-data.ts';
import type { Settings } from '../options.ts';
import { fused } from './forms/fused.ts';
import { separate } from './forms/separate.ts';
import { stacked, type NotStacked } from './forms/stacked.ts';
import { staged } from './forms/staged.ts';
import { type HeadOutput } from './head.ts';
import { requestInputs, type Plan } from './plan.ts';
import { everyPolicy, type Policies } from './policies.ts';
import { withShortNames } from './precision/short-names.ts';
import { bundleTensor } from './tensors.ts';

export interface FileSettings extends Settings {
  readonly memberFiles: boolean;
  /** Whether weights go to files of their own even where one file could hold them. */
  readonly externalData: boolean;
  /** Whether values inside the graphs have names of a letter or two. */
  readonly shortNames: boolean;
}

/** What a form of bundle consists of. */
export interface EnsembleFiles {
  readonly inputs: readonly ValueInfo[];
  readonly outputs: readonly BundleOutput[];
  readonly graph?: string;
  readonly stages?: readonly BundleStage[];
  /** Path of each member's graph, where it has one. */
  readonly memberFiles: readonly string[];
  readonly files: Readonly<Record<string, FileContent>>;
  readonly notStacked: readonly NotStacked[];
}

const GRAPH_PATH = 'ensemble.onnx';

/** The form to write where `auto` was asked for; ENSEMBLES.md says why. */
export function chosenForm(
  form: BundleForm | 'auto',
  { policy, backbone }: { readonly policy: Policies; readonly backbone?: unknown },
): BundleForm {
  if (form !== 'auto') return form;
  if (everyPolicy(policy).some(({ cascade }) => cascade !== undefined)) return 'staged';
  return backbone === undefined ? 'fused' : 'stacked';
}

export async function ensembleFiles(
  form: BundleForm,
  plan: Plan,
  settings: FileSettings,
): Promise<EnsembleFiles> {
  const memberPaths = (): readonly string[] =>
    plan.members.map((_, index) => `members/${numbered(index)}.onnx`);
  const memberParts = (): readonly (readonly [string, FileContent])[] =>
    separate(plan).flatMap((graph, index) => graphFiles(memberPaths()[index]!, graph, settings));
  switch (form) {
    case 'fused':
    case 'stacked': {
      const { graph, outputs, notStacked } =
        form === 'fused' ? { ...fused(plan), notStacked: [] } : await stacked(plan);
      const beside = settings.memberFiles ? memberParts() : [];
      return {
        inputs: graph.inputs,
        outputs: bundleOutputs(graph, outputs),
        graph: GRAPH_PATH,
        memberFiles: settings.memberFiles ? memberPaths() : [],
        files: Object.fromEntries([...graphFiles(GRAPH_PATH, graph, settings), ...beside]),
        notStacked,
      };
    }
    case 'staged': {
      const stages = staged(plan);
      const { graph, outputs } = stages.at(-1)!;
      const path = (index: number): string => `stages/${numbered(index)}.onnx`;
      return {
        inputs: requestInputs(plan),
        outputs: bundleOutputs(graph, outputs),
        stages: stages.map(({ members, state }, index) => ({
          file: path(index),
          members,
          state: state.map(bundleTensor),
        })),
        memberFiles: [],
        files: Object.fromEntries(
          stages.flatMap((stage, index) => graphFiles(path(index), stage.graph, settings)),
        ),
        notStacked: [],
      };
    }
    case 'separate': {
      // What a runtime makes of the members: as a graph would, but for what only a cascade of graphs needs.
      const { graph, outputs } = fused(plan);
      return {
        inputs: graph.inputs,
        outputs: bundleOutputs(graph, outputs).filter(({ role }) => role !== 'confidence'),
        memberFiles: memberPaths(),
        files: Object.fromEntries(memberParts()),
        notStacked: [],
      };
    }
  }
}

function bundleOutputs(graph: Graph, outputs: readonly HeadOutput[]): readonly BundleOutput[] {
  const infos = new Map(graph.outputs.map((info) => [info.name, info]));
  return outputs.map(({ name, role, of }) => ({ ...bundleTensor(infos.get(name)!), role, of }));
}

/** A graph's file, and where one cannot hold the weights, the file that does, which comes first. */
function graphFiles(
  path: string,
  graph: Graph,
  settings: FileSettings,
): readonly (readonly [string, FileContent])[] {
  const written = settings.shortNames ? withShortNames(graph) : graph;
  const model = modelOf(written, settings);
  const weights = written.initializers.reduce((sum, { data }) => sum + byteLengthOf(data), 0);
  if (weights <= MAX_MODEL_BYTES && !settings.externalData) {
    const whole = encodeModel(model);
    if (whole.byteLength <= MAX_MODEL_BYTES) return [[path, asyncChunksOf(whole)]];
  }
  const dataPath = `${path}.data`;
  // ONNX resolves a location from the folder of the model.
  const placed = placeExternally(written.initializers, dataPath.split('/').at(-1)!);
  const encoded = checkOneFile(encodeModel(model, placed.locations));
  return [
    ...(placed.bytes > 0 ? ([[dataPath, externalChunks(placed)]] as const) : []),
    [path, asyncChunksOf(encoded)],
  ];
}

function numbered(index: number): string {
  return String(index).padStart(3, '0');
}
