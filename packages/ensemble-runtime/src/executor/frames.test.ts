import { fc, test } from '@fast-check/vitest';
import { expect } from 'vitest';
import { createFrameReader, encodeHead } from './frames.ts';

const frame = fc.record({
  message: fc.record({ text: fc.string(), n: fc.integer() }),
  payload: fc.array(fc.uint8Array({ maxLength: 40 }), { maxLength: 4 }),
});

test.prop([
  fc.array(frame, { maxLength: 6 }),
  fc.array(fc.integer({ min: 1, max: 30 }), { minLength: 1 }),
])('frames come out as they went in, however the stream is cut', (frames, cuts) => {
  const stream = Buffer.concat(
    frames.flatMap(({ message, payload }) => [
      encodeHead(
        message,
        payload.map(({ length }) => length),
      ),
      ...payload,
    ]),
  );
  const seen: unknown[] = [];
  const read = createFrameReader((message, payload) => {
    seen.push({ message, payload: payload.map((buffer) => new Uint8Array(buffer)) });
  });
  for (let at = 0, cut = 0; at < stream.length; cut++) {
    const end = at + cuts[cut % cuts.length]!;
    read(stream.subarray(at, end));
    at = end;
  }
  expect(seen).toEqual(frames);
});
