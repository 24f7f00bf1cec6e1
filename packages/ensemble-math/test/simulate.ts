import type { Labels, Predictions } from '../src/index.ts';
import { seededIntegers } from '../src/random.ts';
import { softmaxMembers } from '../src/softmax.ts';

export interface Simulated {
  readonly predictions: Predictions;
  readonly labels: Labels;
}

export interface SimulateOptions {
  readonly seed: number;
  readonly members?: number;
  readonly rows?: number;
  readonly classes?: number;
  /** Of the noise that each member has of its own; what all share has 1. */
  readonly noise?: number;
}

/** Members that see the label through noise, partly shared and partly their own, and are too sure of themselves. */
export function simulate({
  seed,
  members = 4,
  rows = 600,
  classes = 4,
  noise = 1.5,
}: SimulateOptions): Simulated {
  const draw = seededIntegers(seed);
  // Sum of uniforms: near enough to a normal deviate.
  const deviate = (): number => (draw(2 ** 32) + draw(2 ** 32) + draw(2 ** 32)) / 2 ** 31 - 3;
  const labels = Array.from({ length: rows }, () => draw(classes));
  const shared = Float64Array.from(
    { length: rows * classes },
    (_, i) => deviate() + (labels[Math.floor(i / classes)] === i % classes ? 1.5 : 0),
  );
  const logits = Array.from({ length: members }, () =>
    shared.map((value) => 2 * (value + noise * deviate())),
  );
  return { predictions: softmaxMembers({ members: logits, rows, classes }), labels };
}
