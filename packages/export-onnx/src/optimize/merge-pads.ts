import { ints } from '../onnx/model.ts';
import { hasOnly, intsOf, type Rule } from './rewrite.ts';

/** Zeros around the input of a convolution become its own pads. Pools are left alone: they do not count padding. */
export const mergePads: Rule = (node, context) => {
  if (node.opType !== 'Conv' || node.attributes['auto_pad'] !== undefined) return undefined;
  const pad = context.onlyUse(node.inputs[0]);
  if (pad?.opType !== 'Pad' || pad.inputs.length > 3 || !hasOnly(pad, 'mode')) return undefined;
  const { mode } = pad.attributes;
  if (mode !== undefined && !(mode.type === 'string' && mode.value === 'constant'))
    return undefined;
  const amounts = context.constant(pad.inputs[1]);
  const fill = pad.inputs[2] ?? '';
  if (amounts?.dtype !== 'int64') return undefined;
  if (fill !== '' && context.constant(fill)?.read()[0] !== 0) return undefined;
  const pads = Array.from(amounts.read() as BigInt64Array, Number);
  const rank = pads.length / 2;
  const isSpatial = pads.every(
    (amount, index) => amount >= 0 && (index % rank > 1 || amount === 0),
  );
  const own = intsOf(node, 'pads') ?? new Array<number>(pads.length - 4).fill(0);
  if (!isSpatial || rank < 3 || own.length !== pads.length - 4) return undefined;
  const added = [...pads.slice(2, rank), ...pads.slice(rank + 2)];
  const merged = own.map((amount, index) => amount + added[index]!);
  return {
    nodes: [
      {
        ...node,
        inputs: [pad.inputs[0]!, ...node.inputs.slice(1)],
        attributes: { ...node.attributes, pads: ints(merged) },
      },
    ],
    removed: [pad],
  };
};
