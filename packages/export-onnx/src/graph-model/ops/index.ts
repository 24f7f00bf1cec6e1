import type { OpConverter, OpConverters } from '../op.ts';
import { convolutions } from './convolution.ts';
import { images } from './image.ts';
import { normalizations } from './normalization.ts';
import { controls, passes } from './control.ts';
import { creations } from './creation.ts';
import { arithmetic } from './arithmetic.ts';
import { basicMath } from './basic-math.ts';
import { logical } from './logical.ts';
import { matrices } from './matrices.ts';
import { reductions, softmaxes } from './reductions.ts';
import { joins } from './joins.ts';
import { measures } from './measures.ts';
import { transformations } from './transformations.ts';
import { searches } from './searches.ts';
import { slices } from './slices.ts';

/** Converters of TensorFlow operations by kind; none is in two. */
export const opFamilies: Readonly<Record<string, OpConverters>> = {
  arithmetic,
  'basic math': basicMath,
  logical,
  convolution: convolutions,
  normalization: { ...normalizations, ...softmaxes },
  image: images,
  matrices,
  reduction: reductions,
  'joining and splitting': joins,
  slicing: slices,
  transformation: transformations,
  searching: searches,
  creation: creations,
  shapes: measures,
  graph: passes,
  control: controls,
};

const all: ReadonlyMap<string, OpConverter> = new Map(
  Object.values(opFamilies).flatMap((family) => Object.entries(family)),
);

export function converterOf(op: string): OpConverter | undefined {
  return all.get(op);
}
