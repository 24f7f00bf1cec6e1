// @ts-check

/**
 * What is learned, by which network, from how many rows.
 *
 * @typedef {object} Task
 * @property {'fashion' | 'letters' | 'diamonds'} data
 * @property {'cnn' | 'resnet20' | 'mlp'} net
 * @property {number} train Rows to train on.
 * @property {number} validation Rows on which rates are tuned, members chosen and temperatures fitted.
 * @property {number} batch
 * @property {number} classes Outputs of the network; 1 for a regression.
 * @property {number} [seen] Only the first so many classes are trained on; the others are the unknown inputs.
 * @property {readonly number[]} [hidden] Widths of the hidden layers of an `mlp`.
 */

/** @type {Record<string, Task>} */
export const tasks = {
  'fashion-cnn': {
    data: 'fashion',
    net: 'cnn',
    train: 10_000,
    validation: 5_000,
    batch: 64,
    classes: 10,
  },
  'fashion-cnn-5k': {
    data: 'fashion',
    net: 'cnn',
    train: 5_000,
    validation: 2_500,
    batch: 64,
    classes: 10,
  },
  'fashion-cnn-held-out': {
    data: 'fashion',
    net: 'cnn',
    train: 10_000,
    // What the eight classes have of the 5,000 rows.
    validation: 3_996,
    batch: 64,
    classes: 8,
    seen: 8,
  },
  'fashion-resnet20': {
    data: 'fashion',
    net: 'resnet20',
    train: 10_000,
    validation: 5_000,
    batch: 64,
    classes: 10,
  },
  'letters-mlp': {
    data: 'letters',
    net: 'mlp',
    train: 12_000,
    validation: 3_000,
    batch: 64,
    classes: 26,
    hidden: [256, 256],
  },
  'diamonds-mlp': {
    data: 'diamonds',
    net: 'mlp',
    train: 10_000,
    validation: 4_000,
    batch: 64,
    classes: 1,
    hidden: [128, 128],
  },
};

/** @param {Task} task */
export function stepsPerEpoch({ train, batch }) {
  return Math.floor(train / batch);
}
