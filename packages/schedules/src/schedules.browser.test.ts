import { expect, it } from 'vitest';
import { anneal, equalCycles } from '../dist/index.js';

const learningRates = (): number[] => {
  const schedule = anneal(equalCycles({ totalSteps: 6, cycles: 2 }), { lrInit: 0.2 });
  return Array.from({ length: 6 }, (_, step) => schedule(step));
};
const cycle = [0.2, 0.15, 0.05].map((learningRate): unknown => expect.closeTo(learningRate, 15));

it('runs in a page', () => {
  expect(learningRates()).toEqual([...cycle, ...cycle]);
});

it('runs in a worker', async () => {
  const url = new URL('../dist/index.js', import.meta.url).href;
  const code = `
    import { anneal, equalCycles } from ${JSON.stringify(url)};
    const schedule = anneal(equalCycles({ totalSteps: 6, cycles: 2 }), { lrInit: 0.2 });
    postMessage(Array.from({ length: 6 }, (_, step) => schedule(step)));
  `;
  const worker = new Worker(URL.createObjectURL(new Blob([code], { type: 'text/javascript' })), {
    type: 'module',
  });
  const received = await new Promise<unknown>((resolve, reject) => {
    worker.onmessage = (event: MessageEvent<unknown>) => {
      resolve(event.data);
    };
    worker.onerror = (event) => {
      reject(new Error(event.message));
    };
  });
  worker.terminate();
  expect(received).toEqual([...cycle, ...cycle]);
});
