import { asArray, asObject, invalidTopology, type JsonObject } from '../artifacts/json.ts';

/*
 * Keras 3 files, as the Python converter passes them on: calls of layers are objects, and weights are named by the classes of
 * layers and numbered (`layers/conv2d_1/vars/0`). tfjs 4.22 cannot load these itself.
 */

// Nesting costs stack; initializers inside wrappers inside nested models come to 30 or so.
const MAX_DEPTH = 500;

/** The topology in the way of Keras 2; others pass through. */
export function withoutKeras3(json: unknown, depth = 0): unknown {
  if (depth > MAX_DEPTH)
    throw invalidTopology('modelTopology', `is nested deeper than ${MAX_DEPTH}`);
  if (Array.isArray(json)) return json.map((item) => withoutKeras3(item, depth + 1));
  if (typeof json !== 'object' || json === null) return json;
  const { class_name: className, config } = json as JsonObject;
  // A dtype policy stands for the name of its dtype.
  if (className === 'DTypePolicy') return asObject(config, 'dtype.config')['name'];
  if (className === '__keras_tensor__') return asObject(config, 'args.config')['keras_history'];
  const entries = Object.entries(json as JsonObject).map(([key, value]): [string, unknown] => {
    if (key === 'inbound_nodes' && Array.isArray(value))
      return [key, value.map((call) => callOf(call, depth + 1))];
    return [key === 'batch_shape' ? 'batch_input_shape' : key, withoutKeras3(value, depth + 1)];
  });
  return Object.fromEntries(entries);
}

/** `{ args: [tensor | [tensor, …]] }` → the list of what a layer is called on. */
function callOf(call: unknown, depth: number): unknown {
  if (typeof call !== 'object' || call === null || !('args' in call)) return call;
  const [first, ...others] = asArray(withoutKeras3(call.args, depth), 'inbound_nodes.args');
  const isTensor = Array.isArray(first) && typeof first[0] === 'string';
  return [...(isTensor ? [first] : asArray(first, 'inbound_nodes.args')), ...others];
}
