import { gaussian } from './random.ts';

/** A layer's weights `[inputs, outputs]`, row-major, and its bias `[outputs]`. */
export interface Layer {
  readonly inputs: number;
  readonly outputs: number;
  readonly kernel: Float32Array;
  readonly bias: Float32Array;
}

/** Dense layers with ReLU between them; the last gives logits. */
export type Network = readonly Layer[];

/** Weights of deviation √(2/inputs), biases 0. He et al. 2015, §2.2. */
export function createNetwork(sizes: readonly number[], seed: number): Network {
  const next = gaussian(seed);
  return sizes.slice(1).map((outputs, index) => {
    const inputs = sizes[index]!;
    const kernel = Float32Array.from(
      { length: inputs * outputs },
      () => next() * Math.sqrt(2 / inputs),
    );
    return { inputs, outputs, kernel, bias: new Float32Array(outputs) };
  });
}

/** Like the network, all zeros. */
export function zerosLike(network: Network): Network {
  return network.map(({ inputs, outputs }) => ({
    inputs,
    outputs,
    kernel: new Float32Array(inputs * outputs),
    bias: new Float32Array(outputs),
  }));
}

/** Activations of every layer, the rows' own values first; each `[rows, size]`. */
export function forward(network: Network, rows: Float32Array, count: number): Float32Array[] {
  const activations = [rows];
  for (const [index, layer] of network.entries()) {
    const output = affine(layer, activations[index]!, count);
    if (index < network.length - 1) {
      for (let at = 0; at < output.length; at += 1) if (output[at]! < 0) output[at] = 0;
    }
    activations.push(output);
  }
  return activations;
}

/** Softmax of each row of logits `[count, classes]`, in place. */
export function softmax(logits: Float32Array, classes: number): Float32Array {
  for (let row = 0; row < logits.length; row += classes) {
    const values = logits.subarray(row, row + classes);
    const highest = Math.max(...values);
    let sum = 0;
    for (let at = 0; at < classes; at += 1) {
      values[at] = Math.exp(values[at]! - highest);
      sum += values[at]!;
    }
    for (let at = 0; at < classes; at += 1) values[at]! /= sum;
  }
  return logits;
}

/** Mean cross-entropy of a batch; its gradient goes into `gradient`. */
export function backward(
  network: Network,
  rows: Float32Array,
  labels: Uint8Array,
  gradient: Network,
): number {
  const count = labels.length;
  const activations = forward(network, rows, count);
  const classes = network.at(-1)!.outputs;
  let error = softmax(activations.at(-1)!, classes);
  let loss = 0;
  for (const [row, label] of labels.entries()) {
    const at = row * classes + label;
    loss -= Math.log(Math.max(error[at]!, 1e-12)) / count;
    error[at]! -= 1;
  }
  for (let index = network.length - 1; index >= 0; index -= 1) {
    error = backwardLayer(network[index]!, activations[index]!, error, count, gradient[index]!);
  }
  return loss;
}

function affine(layer: Layer, input: Float32Array, count: number): Float32Array {
  const { inputs, outputs, kernel, bias } = layer;
  const output = new Float32Array(count * outputs);
  for (let row = 0; row < count; row += 1) {
    output.set(bias, row * outputs);
    for (let from = 0; from < inputs; from += 1) {
      const value = input[row * inputs + from]!;
      if (value === 0) continue;
      const weights = from * outputs;
      for (let to = 0; to < outputs; to += 1) {
        output[row * outputs + to]! += value * kernel[weights + to]!;
      }
    }
  }
  return output;
}

/** Fills the layer's gradient and returns the error of its input, cut off where ReLU was flat. */
function backwardLayer(
  layer: Layer,
  input: Float32Array,
  error: Float32Array,
  count: number,
  gradient: Layer,
): Float32Array {
  const { inputs, outputs, kernel } = layer;
  const inputError = new Float32Array(input.length);
  gradient.kernel.fill(0);
  gradient.bias.fill(0);
  for (let row = 0; row < count; row += 1) {
    for (let to = 0; to < outputs; to += 1) {
      gradient.bias[to]! += error[row * outputs + to]! / count;
    }
    for (let from = 0; from < inputs; from += 1) {
      const value = input[row * inputs + from]!;
      if (value === 0) continue;
      let sum = 0;
      for (let to = 0; to < outputs; to += 1) {
        const part = error[row * outputs + to]!;
        gradient.kernel[from * outputs + to]! += (value * part) / count;
        sum += kernel[from * outputs + to]! * part;
      }
      if (value > 0) inputError[row * inputs + from] = sum;
    }
  }
  return inputError;
}
