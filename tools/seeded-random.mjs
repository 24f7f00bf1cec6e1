// @ts-check
// A setup file of vitest. TensorFlow.js draws initial weights, shuffles and dropout masks by Math.random where it is
// given no seed; with this every test draws the same numbers in every run. TEST_SEED=2 draws others, which shows
// whether a threshold has room.
import { beforeEach } from 'vitest';

const seed = Number(globalThis.process?.env?.['TEST_SEED'] ?? 1);

/** MINSTD, Park & Miller 1988: numbers in (0, 1). */
function restart() {
  let state = seed;
  Math.random = () => (state = (state * 16807) % 2147483647) / 2147483647;
  // Seeds beside each other begin alike.
  for (let draw = 0; draw < 10; draw += 1) Math.random();
}

// Once for what a file draws while it loads, and for each test, so that a test alone draws what it draws among others.
restart();
beforeEach(restart);
