// @ts-check

/** @typedef {typeof import('@tensorflow/tfjs')} Tf */

/** Of the batch-norm statistics. */
const MOMENTUM = 0.95;

/**
 * The network of a task; it ends in logits, or in one number. The same seed gives the same weights.
 *
 * @param {Tf} tf
 * @param {import('./tasks.mjs').Task} task
 * @param {{ seed: number, weightDecay: number, width: number }} options `width` of a row
 */
export function buildNet(tf, { net, classes, hidden = [] }, { seed, weightDecay, width }) {
  const { layers, initializers, regularizers } = tf;
  let made = 0;
  const kernel = () => ({
    kernelInitializer: initializers.heNormal({ seed: 1000 * seed + made++ }),
    // Its gradient is weightDecay · w.
    ...(weightDecay > 0 && { kernelRegularizer: regularizers.l2({ l2: weightDecay / 2 }) }),
  });
  const input = tf.input({ shape: net === 'mlp' ? [width] : [28, 28, 1] });
  const conv = (x, filters, { size = 3, strides = 1, ...rest }) =>
    /** @type {import('@tensorflow/tfjs').SymbolicTensor} */ (
      layers.conv2d({ filters, kernelSize: size, strides, ...kernel(), ...rest }).apply(x)
    );
  const dense = (x, units, activation) =>
    layers.dense({ units, ...(activation && { activation }), ...kernel() }).apply(x);
  const flat = { mlp, cnn, resnet20 }[net](input);
  const output = /** @type {import('@tensorflow/tfjs').SymbolicTensor} */ (dense(flat, classes));
  return tf.model({ inputs: input, outputs: output });

  function mlp(x) {
    return hidden.reduce((last, units) => dense(last, units, 'relu'), x);
  }

  /** The demo's. */
  function cnn(x) {
    for (const filters of [8, 16]) {
      x = conv(x, filters, { activation: 'relu' });
      x = layers.maxPooling2d({ poolSize: 2 }).apply(x);
    }
    return dense(layers.flatten().apply(x), 64, 'relu');
  }

  /** He et al. 2016, §4.2, at half the width: 8, 16, 32 channels; shortcuts by 1×1 convolutions. */
  function resnet20(x) {
    const unit = (y, filters, strides = 1, size = 3) =>
      layers
        .batchNormalization({ momentum: MOMENTUM })
        .apply(conv(y, filters, { size, strides, padding: 'same', useBias: false }));
    const relu = (y) => layers.reLU().apply(y);
    x = relu(unit(x, 8));
    for (const [stage, filters] of [8, 16, 32].entries()) {
      for (let block = 0; block < 3; block++) {
        const strides = stage > 0 && block === 0 ? 2 : 1;
        const inner = unit(relu(unit(x, filters, strides)), filters);
        const shortcut = strides === 2 ? unit(x, filters, 2, 1) : x;
        x = relu(layers.add().apply([inner, shortcut]));
      }
    }
    return layers.globalAveragePooling2d({}).apply(x);
  }
}
