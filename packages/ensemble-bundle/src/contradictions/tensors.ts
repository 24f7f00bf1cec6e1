import type { BundleManifest, BundleTensor } from '../manifest.ts';
import { repeated } from './repeated.ts';

// What one row may hold at most; a product beyond the exact integers would be no size at all.
const MAX_ROW_ELEMENTS = 2 ** 40;

/** What is wrong with names and shapes. */
export function tensorProblems({
  inputs,
  outputs,
  stages = [],
}: BundleManifest): readonly string[] {
  return [
    ...problemsOf('inputs', inputs),
    ...problemsOf('outputs', outputs),
    ...Array.from(
      repeated([...inputs, ...outputs].map(({ name }) => name)),
      (name) => `inputs and outputs: the name "${name}" occurs twice`,
    ),
    ...stages.flatMap(({ state }, index) => problemsOf(`stages.${index}.state`, state)),
  ];
}

function problemsOf(place: string, tensors: readonly BundleTensor[]): readonly string[] {
  const names = repeated(tensors.map(({ name }) => name));
  return [
    ...Array.from(names, (name) => `${place}: the name "${name}" occurs twice`),
    ...tensors.flatMap((tensor) => shapeProblems(`${place}.${tensor.name}`, tensor)),
  ];
}

function shapeProblems(place: string, { shape }: BundleTensor): readonly string[] {
  const [batch, ...rest] = shape;
  if (batch !== null || rest.includes(null))
    return [`${place}: shape [${shape.join(', ')}] must be null (the batch) first and only there`];
  const elements = rest.reduce<number>(
    (product, side) => product * (typeof side === 'number' ? side : 1),
    1,
  );
  return elements > MAX_ROW_ELEMENTS
    ? [
        `${place}: a row of shape [${shape.join(', ')}] has ${elements} elements, which is impossible`,
      ]
    : [];
}
