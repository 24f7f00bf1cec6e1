import { float, type Node } from '../../onnx/model.ts';
import { transposed, type TensorData } from '../../onnx/tensor-data.ts';

// A product of fewer weights takes longer to prepare in int8 than to do in float32.
const FEWEST_WEIGHTS = 256;

export interface Dense {
  readonly input: string;
  /** `[inputs, units]`. */
  readonly weights: TensorData;
  readonly bias?: string;
}

/** A product with constant weights, or undefined for any other node. */
export function denseOf(node: Node, constants: ReadonlyMap<string, TensorData>): Dense | undefined {
  const [input, weightsName, bias] = node.inputs;
  const weights = constants.get(weightsName ?? '');
  if (weights?.dtype !== 'float32' || weights.shape.length !== 2) return undefined;
  if (weights.shape[0]! * weights.shape[1]! < FEWEST_WEIGHTS) return undefined;
  if (node.opType === 'MatMul') return { input: input!, weights };
  if (node.opType !== 'Gemm' || !isPlain(node)) return undefined;
  const isTurned = node.attributes['transB']?.value === 1;
  return {
    input: input!,
    weights: isTurned ? transposed(weights, [1, 0]) : weights,
    ...(bias !== undefined && bias !== '' && { bias }),
  };
}

function isPlain({ attributes }: Node): boolean {
  const one = (name: string): boolean => (attributes[name] ?? float(1)).value === 1;
  return one('alpha') && one('beta') && (attributes['transA']?.value ?? 0) === 0;
}
