import * as ort from 'onnxruntime-node';
import { exportOnnx, type GraphModelArtifacts, type HostTensors } from '../src/index.ts';
import { compareTensors, type Gate } from '../src/parity/compare.ts';
import { feedsOf } from '../src/parity/check-parity.ts';
import { loadGraphModel, graphPredictor } from './graph-models.ts';

export interface NodeParity {
  readonly node: string;
  readonly op: string;
  readonly largestDifference: number;
  readonly largestShare: number;
}

interface Node {
  readonly name: string;
  readonly op: string;
}

const silent = ['Const', 'NoOp', 'Placeholder'];

/**
 * How far every node of a graph model is from tfjs, in the order of the file, with the passes of onnxruntime off; `relative` is of the
 * largest value of the node. `written` is the model that is exported, where it is to be another one.
 */
export async function nodeParities(
  artifacts: GraphModelArtifacts,
  inputs: HostTensors,
  { absolute, relative }: Gate,
  written: GraphModelArtifacts = artifacts,
): Promise<readonly NodeParity[]> {
  const { node: all } = artifacts.modelTopology as { readonly node: readonly Node[] };
  const nodes = all.filter(({ op }) => !silent.includes(op));
  const exported = exportOnnx(written, { cutAt: nodes.map(({ name }) => name) });
  const model = await loadGraphModel(artifacts);
  const names = exported.outputs.map(({ name }) => name);
  const predict = graphPredictor(
    model,
    exported.inputs.map(({ name }) => name),
    Object.fromEntries(names.map((name, index) => [name, nodes[index]!.name])),
  );
  const wanted = await predict(inputs);
  model.dispose();
  const session = await ort.InferenceSession.create(exported.bytes, {
    graphOptimizationLevel: 'disabled',
  });
  const came = await session.run(feedsOf(ort, session, inputs));
  await session.release();
  return names.map((name, index): NodeParity => {
    const want = wanted[name]!;
    let largest = 0;
    for (const value of want.data) largest = Math.max(largest, Math.abs(value));
    const { largestDifference, largestShare } = compareTensors(name, want, came[name], {
      absolute: absolute + relative * largest,
      relative: 0,
    });
    const { name: node, op } = nodes[index]!;
    return { node, op, largestDifference, largestShare };
  });
}

/** The first node beyond the gate, in words for a message. */
export function firstOff(parities: readonly NodeParity[]): string {
  const off = parities.find(({ largestShare }) => largestShare > 1);
  if (off === undefined) return 'every node is within the gate';
  return `first off: "${off.node}" (${off.op}), by ${off.largestDifference}, ${off.largestShare} of the gate`;
}
