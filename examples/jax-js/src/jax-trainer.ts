import { jit, numpy as np, tree, valueAndGrad } from '@jax-js/jax';
import type { NamedTensor, SteppedTrainer, TensorSpec } from '@snapshot-ensemble/snapshot-core';

/** Parameters by name. A type, not an interface: jax-js takes only those for trees. */
type Tree = Readonly<Record<string, np.Array>>;
/** A scalar of parameters and a batch. Consumes its arguments. */
type Loss<P extends Tree> = (parameters: P, inputs: np.Array, labels: np.Array) => np.Array;

/** The port of snapshot-core for a jax-js model, and the update that its training loop makes. */
export interface JaxTrainer<P extends Tree> extends SteppedTrainer {
  /** One update by a batch, which it consumes. Returns the loss before it. */
  step(inputs: np.Array, labels: np.Array): np.Array;
  /** The parameters as they are; a reference of the caller's own. */
  parameters(): P;
  dispose(): void;
}

/** Trains by stochastic gradient descent with momentum: v ← μ v + g,  w ← w − η v. Owns the parameters. */
export function jaxTrainer<P extends Tree>(
  start: P,
  loss: Loss<P>,
  topology: unknown,
  momentum = 0.9,
): JaxTrainer<P> {
  let weights: Tree = start;
  let velocity: Tree = zerosLike(start);
  let learningRate = 0.1;
  // The learning rate is an argument: as a number in the closure it would be compiled in.
  const update = jit((w: Tree, v: Tree, inputs: np.Array, labels: np.Array, rate: np.Array) => {
    const lossOf = loss as Loss<Tree>;
    const [value, gradient] = valueAndGrad(lossOf)(tree.ref(w), inputs, labels);
    const speed = mapTree(v, (old, name) => old.mul(momentum).add(gradient[name]!));
    const moved = mapTree(w, (old, name) => old.sub(speed[name]!.ref.mul(rate.ref)));
    rate.dispose();
    return [moved, speed, value] as [Tree, Tree, np.Array];
  });
  return {
    model: { format: 'jax-js', topology, weights: specsOf(start) },
    setLearningRate(rate) {
      learningRate = rate;
    },
    readWeights: () => hostCopies(weights),
    async writeWeights(tensors) {
      weights = replaced(weights, await fitting(specsOf(weights), tensors));
    },
    readOptimizer: () => hostCopies(velocity),
    async writeOptimizer(tensors) {
      velocity = replaced(velocity, await fitting(specsOf(velocity), tensors));
    },
    step(inputs, labels) {
      const rate = np.array(learningRate);
      const [moved, speed, value] = update(weights, velocity, inputs, labels, rate);
      weights = moved;
      velocity = speed;
      return value;
    },
    parameters: () => tree.ref(weights) as P,
    dispose() {
      tree.dispose(weights);
      tree.dispose(velocity);
    },
  };
}

const mapTree = (of: Tree, change: (array: np.Array, name: string) => np.Array): Tree =>
  Object.fromEntries(Object.entries(of).map(([name, array]) => [name, change(array, name)]));
const zerosLike = (of: Tree): Tree => mapTree(of, ({ shape }) => np.zeros(shape));
const specsOf = (of: Tree): TensorSpec[] =>
  Object.entries(of).map(([name, { shape }]) => ({ name, dtype: 'float32', shape }));

async function* hostCopies(of: Tree): AsyncGenerator<NamedTensor> {
  for (const [name, array] of Object.entries(of)) {
    const data = (await array.ref.data()) as Float32Array;
    yield { name, dtype: 'float32', shape: array.shape, data: data.slice() };
  }
}

/** The tensors by the names of the specs, in their order. Throws a TypeError unless they fit. */
async function fitting(specs: TensorSpec[], tensors: AsyncIterable<NamedTensor>): Promise<Tree> {
  const given: NamedTensor[] = [];
  for await (const tensor of tensors) given.push(tensor);
  if (given.length !== specs.length)
    throw new TypeError(`Got ${given.length} tensors for ${specs.length} parameters.`);
  return Object.fromEntries(
    specs.map(({ name, shape }, index) => {
      const { dtype, data, shape: got } = given[index]!;
      if (dtype !== 'float32' || got.join() !== shape.join())
        throw new TypeError(
          `"${name}" is float32 [${shape.join()}], got ${dtype} [${got.join()}].`,
        );
      return [name, np.array(data.slice()).reshape([...shape])];
    }),
  );
}

function replaced(old: Tree, by: Tree): Tree {
  tree.dispose(old);
  return by;
}
