import { ExportError } from '../errors.ts';
import type { Graph, ValueInfo } from '../onnx/model.ts';

/** Refuses members that do not have the inputs and outputs of the first. Throws `ExportError('different-members')`. */
export function checkAlike(members: readonly Graph[]): void {
  const signature = (values: readonly ValueInfo[]): string =>
    JSON.stringify(values.map(({ name, dtype, shape }) => [name, dtype, shape]));
  members.forEach((member, index) => {
    for (const side of ['inputs', 'outputs'] as const)
      if (signature(member[side]) !== signature(members[0]![side]))
        throw new ExportError(
          'different-members',
          `Member ${index} has other ${side} than member 0. Members of one ensemble share inputs and outputs; export it alone.`,
        );
  });
}
