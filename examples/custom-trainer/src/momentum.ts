import type { Layer, Network } from './network.ts';

/** v ← μ v + g,  w ← w − η v. Sutskever et al. 2013 in PyTorch's form: at η = 0 nothing moves. */
export function momentumStep(
  network: Network,
  gradient: Network,
  velocity: Network,
  learningRate: number,
  momentum: number,
): void {
  for (const [index, layer] of network.entries()) {
    for (const part of ['kernel', 'bias'] as const satisfies readonly (keyof Layer)[]) {
      const weights = layer[part];
      const slopes = gradient[index]![part];
      const speeds = velocity[index]![part];
      for (let at = 0; at < weights.length; at += 1) {
        speeds[at] = momentum * speeds[at]! + slopes[at]!;
        weights[at]! -= learningRate * speeds[at]!;
      }
    }
  }
}
