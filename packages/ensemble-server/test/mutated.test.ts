import { Agent, request } from 'node:http';
import { create, toBinary } from '@bufbuild/protobuf';
import { Client, credentials } from '@grpc/grpc-js';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ModelInferRequestSchema } from '../src/grpc/generated/inference_pb.ts';
import { serve, type RunningServer } from '../src/index.ts';
import { expected, identity, joined, post, tiny, x } from './helpers.ts';

/** `MUTATED=100000` for the long form. */
const COUNT = Number(process.env['MUTATED'] ?? 450);

let server: RunningServer;
beforeAll(async () => {
  server = await serve({ bundles: { tiny, identity }, port: 0, grpcPort: 0 });
});
afterAll(() => server.close());

/** The same numbers every time: mulberry32. */
function randomFrom(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below;
  };
}

const scraps = ['null', '-1', '1e999', '[[', '"', '{}', 'NaN', '\\ud800', '9007199254740993', '\0'];

/** One to three changes: a bit, a piece less, a piece twice, a scrap of JSON put in. */
function mutate(bytes: Buffer, random: (below: number) => number): Buffer {
  let changed = Buffer.from(bytes);
  for (let change = random(3); change >= 0; change--) {
    const at = random(changed.length + 1);
    const end = Math.min(changed.length, at + random(12));
    const [before, piece, after] = [
      changed.subarray(0, at),
      changed.subarray(at, end),
      changed.subarray(end),
    ];
    const kind = random(4);
    if (kind === 0 && at < changed.length) changed[at]! ^= 1 << random(8);
    else if (kind === 1) changed = Buffer.concat([before, after]);
    else if (kind === 2) changed = Buffer.concat([before, piece, piece, after]);
    else changed = Buffer.concat([before, Buffer.from(scraps[random(scraps.length)]!), after]);
  }
  return changed;
}

const floats = Float32Array.from(expected['x']!.flat());
const json = Buffer.from(
  JSON.stringify({
    id: 'a',
    parameters: { timeout: 5_000_000, binary_data_output: false },
    inputs: [x({ data: [...floats] })],
    outputs: [{ name: 'probs', parameters: { classification: 2 } }, { name: 'probs_label' }],
  }),
);
const [binary, binaryHeaders] = joined(
  { inputs: [x({ data: undefined, parameters: { binary_data_size: 80 } })] },
  floats,
);
const message = toBinary(
  ModelInferRequestSchema,
  create(ModelInferRequestSchema, {
    modelName: 'tiny',
    parameters: { timeout: { parameterChoice: { case: 'int64Param', value: 5_000_000n } } },
    inputs: [{ name: 'x', datatype: 'FP32', shape: [5n, 4n] }],
    outputs: [{ name: 'probs' }],
    rawInputContents: [new Uint8Array(floats.buffer)],
  }),
);

const agent = new Agent({ keepAlive: true, maxSockets: 8 });
afterAll(() => {
  agent.destroy();
});

function send(body: Buffer, headers: Record<string, string>): Promise<number> {
  return new Promise((resolve, reject) => {
    request(`${server.url}/v2/models/tiny/infer`, {
      method: 'POST',
      agent,
      headers: { ...headers, 'Content-Length': body.length },
    })
      .on('response', (response) => {
        response.resume().on('end', () => {
          resolve(response.statusCode!);
        });
      })
      .on('error', reject)
      .end(body);
  });
}

/** Eight at a time; how often each status came. */
async function tally(
  count: number,
  act: (index: number) => Promise<number>,
): Promise<Map<number, number>> {
  const statuses = new Map<number, number>();
  let next = 0;
  const worker = async (): Promise<void> => {
    while (next < count) {
      const status = await act(next++);
      statuses.set(status, (statuses.get(status) ?? 0) + 1);
    }
  };
  await Promise.all(Array.from({ length: 8 }, worker));
  return statuses;
}

describe('mutated requests', () => {
  it.each<[string, Buffer, Record<string, string>]>([
    ['JSON', json, {}],
    ['binary', Buffer.from(binary), binaryHeaders],
  ])('%s: some are answered, the others refused, none with 500', async (_, body, headers) => {
    const random = randomFrom(7);
    const statuses = await tally(Math.ceil(COUNT / 3), () => send(mutate(body, random), headers));
    // 422 and 504 where a number was hit that makes infinities, and the timeout.
    expect([...statuses.keys()].filter((status) => ![200, 400, 422, 504].includes(status))).toEqual(
      [],
    );
    expect(statuses.get(400)).toBeGreaterThan(0);
    expect((await post(server, { inputs: [x()] })).status).toBe(200);
  });

  it('gRPC: some are answered, the others refused, none with INTERNAL', async () => {
    const random = randomFrom(7);
    const client = new Client(server.grpc!, credentials.createInsecure());
    const statuses = await tally(
      Math.ceil(COUNT / 3),
      () =>
        new Promise((resolve) => {
          client.makeUnaryRequest(
            '/inference.GRPCInferenceService/ModelInfer',
            (bytes: Buffer) => bytes,
            (bytes) => bytes,
            mutate(Buffer.from(message), random),
            (error) => {
              resolve(error?.code ?? 0);
            },
          );
        }),
    );
    client.close();
    // OK, INVALID_ARGUMENT, NOT_FOUND where the model's name was hit, OUT_OF_RANGE and DEADLINE_EXCEEDED as above.
    expect([...statuses.keys()].filter((status) => ![0, 3, 4, 5, 11].includes(status))).toEqual([]);
    expect(statuses.get(3)).toBeGreaterThan(0);
  });
});
