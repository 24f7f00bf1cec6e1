import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { create, fromBinary, toBinary } from '@bufbuild/protobuf';
import { Client, credentials } from '@grpc/grpc-js';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { BundleSource } from '@snapshot-ensemble/ensemble-bundle';
import {
  ModelInferRequestSchema,
  ModelInferResponseSchema,
  type ModelInferResponse,
} from '../src/grpc/generated/inference_pb.ts';
import { serve, type RunningServer } from '../src/index.ts';
import { post, readJson, TOLERANCE } from './helpers.ts';

// Made with Python's onnx and NumPy: conformance/serving/make_cascade.py
const golden = new URL('../../../conformance/serving/golden/', import.meta.url);
const expected = JSON.parse(
  await readFile(new URL('cascade.expected.json', golden), 'utf8'),
) as Readonly<Record<'x' | 'probs' | 'probs.confidence', number[][]>> & {
  readonly members_used: readonly number[];
};
const rows = expected.x.length;
// Half of the rows of the golden cascade are less sure than this, none by less than the tolerance.
const THRESHOLD = 0.5;

/** `separate` with an output that says which rows get no answer. */
async function abstaining(): Promise<BundleSource> {
  const folder = fileURLToPath(new URL('separate', golden));
  const manifest = JSON.parse(await readFile(join(folder, 'ensemble.json'), 'utf8')) as {
    outputs: object[];
    policy: Record<string, object>;
  };
  const abstain = { score: 'largestProbability', threshold: THRESHOLD, share: 0.5 };
  manifest.outputs.push({
    name: 'refused',
    dtype: 'bool',
    shape: [null],
    role: 'abstain',
    of: 'probs',
  });
  manifest.policy['probs'] = { ...manifest.policy['probs'], abstain };
  return {
    async *read(path) {
      yield path === 'ensemble.json'
        ? Buffer.from(JSON.stringify(manifest))
        : await readFile(join(folder, path));
    },
  };
}

let server: RunningServer;
let client: Client;
beforeAll(async () => {
  const bundles = {
    separate: new URL('separate', golden),
    staged: new URL('staged', golden),
    abstaining: await abstaining(),
  };
  server = await serve({ bundles, port: 0, grpcPort: 0 });
  client = new Client(server.grpc!, credentials.createInsecure());
});
afterAll(async () => {
  client.close();
  await server.close();
});

interface Answer {
  readonly membersUsed: unknown;
  readonly outputs: Readonly<Record<string, readonly number[]>>;
}

async function overHttp(model: string, names: readonly string[]): Promise<Answer> {
  const inputs = [{ name: 'x', datatype: 'FP32', shape: [rows, 4], data: expected.x }];
  const outputs = names.map((name) => ({ name }));
  const body = await readJson(await post(server, { inputs, outputs }, {}, model));
  const { parameters } = body as unknown as { readonly parameters: Record<string, unknown> };
  return {
    membersUsed: parameters['members_used'],
    outputs: Object.fromEntries(body.outputs.map(({ name, data }) => [name, data!.map(Number)])),
  };
}

async function overGrpc(model: string, names: readonly string[]): Promise<Answer> {
  const floats = Float32Array.from(expected.x.flat());
  const message = create(ModelInferRequestSchema, {
    modelName: model,
    inputs: [{ name: 'x', datatype: 'FP32', shape: [BigInt(rows), 4n] }],
    outputs: names.map((name) => ({ name })),
    rawInputContents: [new Uint8Array(floats.buffer)],
  });
  const response = await new Promise<ModelInferResponse>((resolve, reject) => {
    client.makeUnaryRequest(
      '/inference.GRPCInferenceService/ModelInfer',
      (value: Buffer) => value,
      (bytes) => fromBinary(ModelInferResponseSchema, bytes),
      Buffer.from(toBinary(ModelInferRequestSchema, message)),
      (error, value) => {
        if (error === null) resolve(value!);
        else reject(error);
      },
    );
  });
  const outputs = response.outputs.map(({ name, datatype }, index) => {
    const bytes = new Uint8Array(response.rawOutputContents[index]!);
    return [name, [...(datatype === 'BOOL' ? bytes : new Float32Array(bytes.buffer))]] as const;
  });
  return {
    membersUsed: response.parameters['members_used']?.parameterChoice.value,
    outputs: Object.fromEntries(outputs),
  };
}

const transports = { HTTP: overHttp, gRPC: overGrpc };

describe.each(Object.entries(transports))('over %s', (_, ask) => {
  it.each(['separate', 'staged'])('a cascade answers as NumPy does: %s', async (model) => {
    const { outputs, membersUsed } = await ask(model, ['probs', 'probs.confidence']);
    for (const name of ['probs', 'probs.confidence'] as const)
      expected[name].flat().forEach((value, index) => {
        expect(Math.abs(outputs[name]![index]! - value)).toBeLessThan(TOLERANCE);
      });
    const sum = expected.members_used.reduce((total, used) => total + used, 0);
    expect(Number(membersUsed)).toBeCloseTo(sum / rows, 12);
  });

  it('rows that are too unsure are refused an answer, and only those', async () => {
    const { outputs } = await ask('abstaining', ['probs', 'refused']);
    const refused = expected.probs.map((row) => Number(Math.max(...row) < THRESHOLD));
    expect(refused).toContain(1);
    expect(refused).toContain(0);
    expect(outputs['refused']).toEqual(refused);
  });
});
