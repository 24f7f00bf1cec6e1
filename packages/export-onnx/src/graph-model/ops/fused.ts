import { scalar } from '../../graph/ops.ts';
import { Refusal } from '../../graph/refusal.ts';
import type { Value } from '../../graph/value.ts';
import { float } from '../../onnx/model.ts';
import { align } from '../align.ts';
import type { OpCall } from '../op.ts';
import { tensorOf, type Tensor } from '../tensor.ts';
import { preluOf } from './basic-math.ts';

interface Fused {
  readonly bias: Tensor | undefined;
  readonly activate: (x: Value) => Value;
}

/** What the converter has drawn into a convolution or product: a bias, and a function. */
export function fusedOf(call: OpCall): Fused {
  const isFused = call.op.includes('Fused');
  const names = isFused ? call.attributes.texts('fused_ops') : [];
  const args = call.inputs.slice(2);
  const [first, second, ...more] = names;
  if (first !== undefined && (first !== 'BiasAdd' || more.length > 0 || args.length === 0))
    throw new Refusal(
      `it is fused with ${names.join(', ')}, which does not run in tfjs`,
      'Convert the model again.',
    );
  return {
    bias: first === undefined ? undefined : args[0],
    activate: (x) => activate(call, second, x, args[1]),
  };
}

function activate(
  call: OpCall,
  name: string | undefined,
  x: Value,
  slope: Tensor | undefined,
): Value {
  const { graph, attributes } = call;
  if (name === undefined) return x;
  if (name === 'Relu' || name === 'Sigmoid') return graph.op(name, [x], x);
  if (name === 'Relu6') return graph.op('Clip', [x, scalar(graph, 0), scalar(graph, 6)], x);
  if (name === 'Elu') return graph.op('Elu', [x], x, { alpha: float(1) });
  if (name === 'Prelu' && slope !== undefined) {
    const { values } = align([tensorOf(x), slope], call.scope);
    return preluOf(graph, values[0]!, values[1]!);
  }
  if (name === 'LeakyRelu' && call.op !== 'FusedDepthwiseConv2dNative')
    return graph.op('LeakyRelu', [x], x, {
      alpha: float(attributes.float('leakyrelu_alpha', 0.2)),
    });
  throw new Refusal(
    `it is fused with ${name}, which does not run in tfjs`,
    'Convert the model again.',
  );
}
