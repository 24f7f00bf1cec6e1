import { expect, it } from 'vitest';
import { writeInferResponse } from './write-response.ts';

it('lets the event loop have its turn while it writes many numbers', async () => {
  const count = 100_000;
  const data = Float32Array.from({ length: count }, (_, index) => index / 8);
  let turns = 0;
  let isOver = false;
  const turn = (): void => {
    turns++;
    if (!isOver) setImmediate(turn);
  };
  setImmediate(turn);
  const { bytes, headerLength } = await writeInferResponse(
    {
      model: 'm',
      version: '1',
      id: undefined,
      parameters: {},
      outputs: [{ name: 'y', datatype: 'FP32', shape: [count], data }],
    },
    { isBinary: false, outputs: {} },
  );
  isOver = true;
  expect(turns).toBeGreaterThanOrEqual(3);
  expect(headerLength).toBeUndefined();
  const { outputs } = JSON.parse(bytes.toString()) as { outputs: { data: number[] }[] };
  expect(Float32Array.from(outputs[0]!.data)).toEqual(data);
});
