import { invalidTopology } from '../artifacts/json.ts';
import type { ModelSpec, TensorRef } from '../keras/topology.ts';

export function keyOf({ layer, node, tensor }: TensorRef): string {
  return `${layer}:${node}:${tensor}`;
}

/**
 * The order in which tfjs's executor computes what the outputs need: depth first, the last input of a layer before the
 * first. It matters because a mask, once met, stays with every layer that is executed after.
 */
export function executionOrder(model: ModelSpec): readonly TensorRef[] {
  const visited = new Set(model.inputs.map(keyOf));
  const order: TensorRef[] = [];
  for (const output of model.outputs) visit(model, output, visited, order);
  return order;
}

function visit(
  model: ModelSpec,
  output: TensorRef,
  visited: Set<string>,
  order: TensorRef[],
): void {
  const stack = [output];
  // Positions in the stack whose inputs have been pushed.
  const opened = new Set<number>();
  const onPath = new Set<string>();
  while (stack.length > 0) {
    const top = stack.at(-1)!;
    const key = keyOf(top);
    const position = stack.length - 1;
    if (visited.has(key)) {
      stack.pop();
      continue;
    }
    const inputs = inputsOf(model, top);
    if (inputs.length === 0 || opened.has(position)) {
      stack.pop();
      opened.delete(position);
      onPath.delete(key);
      visited.add(key);
      order.push(top);
      continue;
    }
    if (onPath.has(key))
      throw invalidTopology(model.name, `has a cycle through layer "${top.layer}"`);
    onPath.add(key);
    opened.add(position);
    for (const input of inputs) if (!visited.has(keyOf(input))) stack.push(input);
  }
}

export function inputsOf(model: ModelSpec, { layer, node }: TensorRef): readonly TensorRef[] {
  return model.layers.get(layer)!.calls[node] ?? [];
}
