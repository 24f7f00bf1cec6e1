// @ts-check
import { buildNet } from '../experiments/nets.mjs';
import { tasks } from '../experiments/tasks.mjs';
import { SIDE } from './images.mjs';

export const CLASSES = 10;

/**
 * The demo's CNN, or a ResNet-20 of 8, 16 and 32 channels; both end in logits.
 *
 * @param {typeof import('@tensorflow/tfjs')} tf
 * @param {string} name
 * @param {number} [seed] Of the first weights.
 */
export function netOf(tf, name, seed = 1) {
  const task = tasks[`fashion-${name}`];
  if (task === undefined) throw new Error(`There is no net "${name}".`);
  return buildNet(tf, task, { seed, weightDecay: 5e-4, width: SIDE });
}
