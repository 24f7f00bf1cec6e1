import { camelCase, property, type JsonObject } from '../artifacts/json.ts';
import type { GraphBuilder } from '../graph/builder.ts';
import { plain } from '../graph/layout.ts';
import { binary, scalar, unary, withMask } from '../graph/ops.ts';
import { Refusal } from '../graph/refusal.ts';
import { physicalAxis, type Value } from '../graph/value.ts';
import type { Config } from '../keras/config.ts';
import { float, int, string } from '../onnx/model.ts';

export type Activation = (graph: GraphBuilder, value: Value) => Value;

const lastAxis =
  (opType: string): Activation =>
  (graph, value) => {
    const from = typeof value.layout === 'string' ? value : plain(graph, value);
    return unary(graph, opType, from, { axis: int(physicalAxis(from, -1)) });
  };

const op =
  (opType: string, attributes: Parameters<typeof unary>[3] = {}): Activation =>
  (graph, value) =>
    unary(graph, opType, value, attributes);

const times = (graph: GraphBuilder, a: Value, b: Value): Value =>
  withMask(binary(graph, 'Mul', a, b), a.mask);

export type ActivationName =
  | 'elu'
  | 'gelu'
  | 'geluNew'
  | 'hardSigmoid'
  | 'linear'
  | 'logSoftmax'
  | 'mish'
  | 'relu'
  | 'relu6'
  | 'selu'
  | 'sigmoid'
  | 'softmax'
  | 'softplus'
  | 'softsign'
  | 'swish'
  | 'tanh';

/** The 16 activations of tfjs-layers 4.22 by their camelCase names. */
export const activations: Readonly<Record<ActivationName, Activation>> = {
  elu: op('Elu', { alpha: float(1) }),
  gelu: (graph, x) => (graph.opset >= 20 ? unary(graph, 'Gelu', x) : gelu(graph, x)),
  geluNew: (graph, x) =>
    graph.opset >= 20
      ? unary(graph, 'Gelu', x, { approximate: string('tanh') })
      : geluNew(graph, x),
  // Keras 3 has slope 1/6; tfjs has 0.2.
  hardSigmoid: op('HardSigmoid', { alpha: float(0.2), beta: float(0.5) }),
  linear: (_, x) => x,
  logSoftmax: lastAxis('LogSoftmax'),
  mish: (graph, x) =>
    graph.opset >= 18
      ? unary(graph, 'Mish', x)
      : times(graph, x, unary(graph, 'Tanh', unary(graph, 'Softplus', x))),
  relu: op('Relu'),
  relu6: (graph, x) =>
    withMask(graph.op('Clip', [x, scalar(graph, 0), scalar(graph, 6)], x), x.mask),
  selu: op('Selu'),
  sigmoid: op('Sigmoid'),
  softmax: lastAxis('Softmax'),
  softplus: op('Softplus'),
  softsign: op('Softsign'),
  swish: (graph, x) => times(graph, x, unary(graph, 'Sigmoid', x)),
  tanh: op('Tanh'),
};

/** (x · (1 + erf(x/√2))) · ½ in the one order that ORT fuses. */
function gelu(graph: GraphBuilder, x: Value): Value {
  const erf = unary(graph, 'Erf', binary(graph, 'Div', x, scalar(graph, Math.SQRT2)));
  const sum = binary(graph, 'Add', erf, scalar(graph, 1));
  return withMask(binary(graph, 'Mul', binary(graph, 'Mul', x, sum), scalar(graph, 0.5)), x.mask);
}

/** ½ x (1 + tanh(√(2/π) (x + 0.044715 x³))). Hendrycks & Gimpel 2016, §2. */
function geluNew(graph: GraphBuilder, x: Value): Value {
  const cube = binary(graph, 'Pow', x, scalar(graph, 3));
  const inner = binary(graph, 'Add', x, binary(graph, 'Mul', cube, scalar(graph, 0.044715)));
  const tanh = unary(
    graph,
    'Tanh',
    binary(graph, 'Mul', inner, scalar(graph, Math.sqrt(2 / Math.PI))),
  );
  const sum = binary(graph, 'Add', tanh, scalar(graph, 1));
  return withMask(binary(graph, 'Mul', binary(graph, 'Mul', x, scalar(graph, 0.5)), sum), x.mask);
}

/** The activation that a layer names; linear where it names none. */
export function activationOf(config: Config, key = 'activation'): Activation {
  return activations[activationName(config, key)];
}

export function activationName(
  config: Config,
  key: string,
  fallback: ActivationName = 'linear',
): ActivationName {
  const raw = config.raw(key);
  // Written out as { className, config } where the layer was built from an object.
  const word =
    typeof raw === 'object' && raw !== null
      ? property(raw as JsonObject, 'className')
      : (raw ?? fallback);
  const camel = typeof word === 'string' ? camelCase(word) : '';
  if (Object.hasOwn(activations, camel)) return camel as ActivationName;
  throw new Refusal(
    `there is no activation ${JSON.stringify(word)}`,
    `Known: ${Object.keys(activations).join(', ')}.`,
  );
}
