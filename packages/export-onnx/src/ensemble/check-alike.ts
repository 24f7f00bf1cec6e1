import { ExportError } from '../errors.ts';
import { dtypeCodes } from '../onnx/dtype.ts';
import type { Graph, ValueInfo } from '../onnx/model.ts';

/** Refuses members that do not have the inputs and outputs of the first. Throws `ExportError('different-members')`. */
export function checkAlike(members: readonly Graph[]): void {
  const [first, ...others] = members;
  others.forEach((member, index) => {
    for (const side of ['inputs', 'outputs'] as const)
      if (described(member[side]) !== described(first![side]))
        throw new ExportError(
          'different-members',
          `The ${side} of member ${index + 1} are ${described(member[side])}; those of member 0 are ${described(first![side])}. Members of one ensemble agree in name, type and shape: name the layers that they begin and end with (tf.input({ name: 'x', … }), tf.layers.dense({ name: 'y', … })), or export this member alone.`,
        );
  });
}

function described(values: readonly ValueInfo[]): string {
  return values
    .map(({ name, dtype, shape }) => `"${name}" ${dtypeName(dtype)} ${shapeText(shape)}`)
    .join(', ');
}

const dtypeName = (code: number): string =>
  Object.entries(dtypeCodes).find(([, value]) => value === code)?.[0] ?? `type ${code}`;

const shapeText = (shape: ValueInfo['shape']): string => (shape ? `[${shape.join(', ')}]` : '');
