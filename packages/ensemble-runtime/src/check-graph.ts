import type { BundleManifest, BundleTensor } from '@snapshot-ensemble/ensemble-bundle';
import { InferenceError } from './errors.ts';
import type { GraphTensor, OpenedGraph } from './executor/port.ts';

/** What a graph must have. */
export interface Expected {
  readonly inputs: readonly BundleTensor[];
  readonly outputs: readonly BundleTensor[];
}

/** Throws `InferenceError('wrong-graph')` unless an opened graph has the inputs and outputs that its manifest names. */
export function checkGraph(
  { name }: Pick<BundleManifest, 'name'>,
  expected: Expected,
  { inputs, outputs }: Pick<OpenedGraph, 'inputs' | 'outputs'>,
): void {
  const known = expected.inputs.map((input) => input.name);
  const extra = inputs.filter((input) => !known.includes(input.name));
  const problems = [
    ...expected.inputs.map((input) => compare('input', input, inputs)),
    ...expected.outputs.map((output) => compare('output', output, outputs)),
    ...extra.map((input) => `its graph has one more input, "${input.name}"`),
  ].filter((problem) => problem !== undefined);
  if (problems.length === 0) return;
  throw new InferenceError(
    'wrong-graph',
    `Cannot load ensemble "${name}": ${problems.join('; ')}. Export the bundle again.`,
  );
}

function compare(
  kind: 'input' | 'output',
  { name, dtype, shape }: BundleTensor,
  graph: readonly GraphTensor[],
): string | undefined {
  const found = graph.find((tensor) => tensor.name === name);
  if (found === undefined) return `its graph has no ${kind} "${name}"`;
  // A side without a number is one that the graph does not fix.
  const fits =
    found.dtype === dtype &&
    found.shape.length === shape.length &&
    found.shape.every((side, index) => typeof side !== 'number' || side === shape[index]);
  if (fits) return undefined;
  return (
    `${kind} "${name}" is ${dtype} [${shape.map((side) => side ?? 'rows').join(', ')}] in the manifest, ` +
    `${found.dtype} [${found.shape.join(', ')}] in the graph`
  );
}
