import fc from 'fast-check';
import { expect, it } from 'vitest';
import { transposeElements } from './transpose.ts';

/** The definition, element by element. */
function byDefinition(
  elements: Float32Array,
  shape: readonly number[],
  permutation: readonly number[],
): number[] {
  const outShape = permutation.map((axis) => shape[axis]!);
  return Array.from({ length: elements.length }, (_, place) => {
    const index = new Array<number>(shape.length).fill(0);
    for (let axis = outShape.length - 1, rest = place; axis >= 0; axis--) {
      index[permutation[axis]!] = rest % outShape[axis]!;
      rest = Math.floor(rest / outShape[axis]!);
    }
    return elements[index.reduce((flat, at, axis) => flat * shape[axis]! + at, 0)]!;
  });
}

it('moves every element where the definition says', () => {
  const dims = fc.array(fc.integer({ min: 1, max: 70 }), { minLength: 1, maxLength: 5 });
  const cases = dims
    .filter((shape) => shape.reduce((product, dim) => product * dim, 1) <= 20_000)
    .chain((shape) =>
      fc.tuple(
        fc.constant(shape),
        fc.shuffledSubarray([...shape.keys()], { minLength: shape.length }),
      ),
    );
  fc.assert(
    fc.property(cases, ([shape, permutation]) => {
      const length = shape.reduce((product, dim) => product * dim, 1);
      const elements = Float32Array.from({ length }, (_, index) => index);
      expect([...transposeElements(elements, shape, permutation)]).toEqual(
        byDefinition(elements, shape, permutation),
      );
    }),
  );
});
