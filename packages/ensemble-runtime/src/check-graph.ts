import type { BundleManifest, BundleTensor } from '@snapshot-ensemble/ensemble-bundle';
import { InferenceError } from './errors.ts';
import type { GraphTensor, Opened } from './messages.ts';

/** Throws `InferenceError('wrong-graph')` unless the opened graph has the inputs and outputs that its manifest names. */
export function checkGraph(
  manifest: BundleManifest,
  { inputs, outputs }: Pick<Opened, 'inputs' | 'outputs'>,
): void {
  const extra = inputs.filter(({ name }) => !manifest.inputs.some((input) => input.name === name));
  const problems = [
    ...manifest.inputs.map((input) => compare('input', input, inputs)),
    ...manifest.outputs.map((output) => compare('output', output, outputs)),
    ...extra.map(({ name }) => `its graph has one more input, "${name}"`),
  ].filter((problem) => problem !== undefined);
  if (problems.length === 0) return;
  throw new InferenceError(
    'wrong-graph',
    `Cannot load ensemble "${manifest.name}": ${problems.join('; ')}. Export the bundle again.`,
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
