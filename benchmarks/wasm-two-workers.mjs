// @ts-check
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';
import { sideBySide } from './side-by-side.mjs';
import { networks } from './wasm-training-networks.mjs';

/*
 * Can a second core help to train in Node? Data parallel: two threads, each with a WASM backend of its own and half the batch, against one
 * thread with the whole batch. Wall time, so it wants a machine with two idle cores. CLOCK=cpu gives processor time per thread instead: what
 * each would take on a core of its own if it never had to wait for the other. ROUNDS=9 rounds; arguments choose networks.
 * Before it measures, it compares the gradient of both halves with that of the whole batch.
 */
const rounds = Number(process.env.ROUNDS ?? 9);
const script = fileURLToPath(new URL('wasm-two-workers-thread.mjs', import.meta.url));
const chosen = process.argv.slice(2);
const countsProcessor = process.env.CLOCK === 'cpu';
/** More than any of the networks has. */
const maxWeights = 2 ** 19;

/**
 * Threads that train one network together.
 * @param {string} network
 * @param {number} parties
 */
function team(network, parties) {
  // Two numbers for the barrier, then one gradient for each thread.
  const barrier = new SharedArrayBuffer(8);
  const gradients = new SharedArrayBuffer(parties * maxWeights * 4);
  const threads = Array.from({ length: parties }, (_, party) => {
    const workerData = { network, party, parties, barrier, gradients };
    return new Worker(script, { workerData });
  });
  /** Gives what the first thread answers. */
  const ask = async (/** @type {object} */ request) => {
    const answers = threads.map((thread) => once(thread, 'message'));
    for (const thread of threads) thread.postMessage(request);
    const [[first]] = await Promise.all(answers);
    return first;
  };
  return {
    gradient: () => ask({ gradient: true }),
    train: async (/** @type {number} */ steps, /** @type {number} */ batch) => {
      const before = process.cpuUsage();
      const milliseconds = await ask({ steps });
      const { user, system } = process.cpuUsage(before);
      const spent = countsProcessor ? (user + system) / 1000 / parties : milliseconds;
      return (spent / (steps * batch)) * 1000;
    },
    stop: () => Promise.all(threads.map((thread) => thread.terminate())),
  };
}

for (const { name, batch, steps } of networks) {
  if (chosen.length > 0 ? !chosen.includes(name) : name === 'mobile') continue;
  const one = team(name, 1);
  const two = team(name, 2);
  const error = difference(await two.gradient(), await one.gradient());
  console.log(
    `\n${name}: gradient of two halves against the whole batch, relative: ${error.toExponential(1)}`,
  );
  if (!(error < 1e-4))
    throw new Error('The two threads do not compute the gradient of the whole batch.');
  await sideBySide({
    title: `${name}: ms per 1,000 images, training with batches of ${batch} (${countsProcessor ? 'processor time of a thread' : 'wall time'})`,
    contenders: [
      { name: 'one thread', run: () => one.train(steps, batch) },
      { name: 'two threads', run: () => two.train(steps, batch) },
    ],
    rounds,
    packages: ['@tensorflow/tfjs', '@tensorflow/tfjs-backend-wasm'],
  });
  await Promise.all([one.stop(), two.stop()]);
}

/** @param {Float32Array} actual @param {Float32Array} expected */
function difference(actual, expected) {
  const largest = (/** @type {Float32Array} */ values) =>
    values.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  return largest(actual.map((value, i) => value - expected[i])) / largest(expected);
}
