import type { Tf } from './tf.ts';

/** As often as tfjs yields to the browser when it is given no callback. */
const tfjsYieldEveryMs = 125;

/** Returns a function that waits for the next frame if the last wait was at least `everyMs` ago. */
export function frameGiver(tf: Tf, everyMs: number = tfjsYieldEveryMs): () => Promise<void> {
  let last = Date.now();
  return async () => {
    if (Date.now() - last < everyMs) return;
    await tf.nextFrame();
    last = Date.now();
  };
}
