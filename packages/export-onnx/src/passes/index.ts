import type { Graph } from '../onnx/model.ts';
import { foldBatchNorm } from './fold-batch-norm.ts';
import { nameOutputs } from './name-outputs.ts';
import { removeDead } from './remove-dead.ts';

/** The same computation in fewer nodes. */
export function optimize(graph: Graph): Graph {
  return removeDead(nameOutputs(foldBatchNorm(removeDead(graph))));
}
