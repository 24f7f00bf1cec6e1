import { create } from '@bufbuild/protobuf';
import { Client, credentials, Metadata, type ServiceError } from '@grpc/grpc-js';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { defineService } from '../src/grpc/define.ts';
import { Health } from '../src/grpc/generated/health_pb.ts';
import {
  GRPCInferenceService,
  ModelInferRequestSchema,
  type ModelInferRequest,
  type ModelInferResponse,
  type ModelStreamInferResponse,
} from '../src/grpc/generated/inference_pb.ts';
import {
  ServerReflection,
  type ServerReflectionResponse,
} from '../src/grpc/generated/reflection_pb.ts';
import { serve, type RunningServer } from '../src/index.ts';
import { expected, tiny, TOLERANCE } from './helpers.ts';

let server: RunningServer;
let client: Client;
beforeAll(async () => {
  server = await serve({
    bundles: { tiny },
    port: 0,
    grpcPort: 0,
    access: { admin: { keys: ['secret'] } },
  });
  client = new Client(server.grpc!, credentials.createInsecure());
});
afterAll(async () => {
  client.close();
  await server.close();
});

const services = {
  inference: defineService(GRPCInferenceService),
  health: defineService(Health),
  reflection: defineService(ServerReflection, 'grpc.reflection.v1alpha.ServerReflection'),
};

const messages = { inference: GRPCInferenceService, health: Health };

function call<T>(
  service: keyof typeof messages,
  method: string,
  init: Record<string, unknown>,
  metadata = new Metadata(),
): Promise<T> {
  const definition = services[service][method]!;
  const { input } = messages[service].methods.find(({ localName }) => localName === method)!;
  const message = create(input, init);
  return new Promise((resolve, reject) => {
    client.makeUnaryRequest(
      definition.path,
      (value: object) => definition.requestSerialize(value as never),
      (bytes) => definition.responseDeserialize(bytes) as T,
      message,
      metadata,
      (error: ServiceError | null, response?: T) => {
        if (error === null) resolve(response!);
        else reject(error);
      },
    );
  });
}

const floats = Float32Array.from(expected['x']!.flat());
const request = (more: object = {}): ModelInferRequest =>
  create(ModelInferRequestSchema, {
    modelName: 'tiny',
    id: 'seven',
    inputs: [{ name: 'x', datatype: 'FP32', shape: [5n, 4n] }],
    outputs: [{ name: 'probs' }],
    rawInputContents: [new Uint8Array(floats.buffer)],
    ...more,
  });

const valuesOf = ({ rawOutputContents: [bytes] }: ModelInferResponse): Float32Array =>
  new Float32Array(new Uint8Array(bytes!).buffer);

const largest = (values: Float32Array): number =>
  Math.max(...expected['probs']!.flat().map((value, index) => Math.abs(value - values[index]!)));

describe('gRPC', () => {
  it('answers raw contents with what NumPy computed', async () => {
    const response = await call<ModelInferResponse>('inference', 'modelInfer', request());
    expect(response).toMatchObject({ modelName: 'tiny', modelVersion: '1', id: 'seven' });
    expect(response.outputs[0]).toMatchObject({ name: 'probs', datatype: 'FP32', shape: [5n, 3n] });
    expect(largest(valuesOf(response))).toBeLessThan(TOLERANCE);
  });

  it('answers typed contents alike', async () => {
    const inputs = [
      {
        name: 'x',
        datatype: 'FP32',
        shape: [5n, 4n],
        contents: { fp32Contents: [...floats] },
      },
    ];
    const typed = create(ModelInferRequestSchema, {
      modelName: 'tiny',
      inputs,
      outputs: [{ name: 'probs' }],
    });
    const response = await call<ModelInferResponse>('inference', 'modelInfer', typed);
    expect(largest(valuesOf(response))).toBeLessThan(TOLERANCE);
  });

  it('answers parameters as HTTP does', async () => {
    const parameters = { priority: { parameterChoice: { case: 'uint64Param', value: 1n } } };
    const response = await call<ModelInferResponse>(
      'inference',
      'modelInfer',
      request({ parameters }),
    );
    expect(response.parameters['ignored']?.parameterChoice.value).toBe('priority');
    expect(response.parameters['members_used']?.parameterChoice.value).toBe(2n);
  });

  it.each([
    ['an unknown model', request({ modelName: 'nope' }), 5, 'There is no model "nope"'],
    ['an unknown version', request({ modelVersion: '9' }), 5, 'has no version "9"'],
    ['too few bytes', request({ rawInputContents: [new Uint8Array(79)] }), 3, 'has 79 bytes'],
    ['no contents', request({ rawInputContents: [] }), 3, 'has no elements'],
    [
      'a misspelt knob',
      request({
        parameters: { max_member: { parameterChoice: { case: 'int64Param', value: 1n } } },
      }),
      3,
      'Did you mean max_members?',
    ],
  ])('answers %s with a status', async (_, message, code, text) => {
    const error = await call('inference', 'modelInfer', message).catch((e: unknown) => e);
    expect((error as ServiceError).code).toBe(code);
    expect((error as ServiceError).details).toContain(text);
  });

  it('answers bytes that are no message with INVALID_ARGUMENT', async () => {
    const definition = services.inference['modelInfer']!;
    const error = await new Promise<ServiceError | null>((resolve) => {
      client.makeUnaryRequest(
        definition.path,
        (bytes: Buffer) => bytes,
        definition.responseDeserialize,
        Buffer.from([0xff, 0xff, 0xff]),
        resolve,
      );
    });
    expect(error?.code).toBe(3);
  });

  it('describes server, model, configuration and statistics', async () => {
    expect(await call('inference', 'serverReady', {})).toMatchObject({ ready: true });
    expect(await call('inference', 'modelReady', { name: 'tiny' })).toMatchObject({ ready: true });
    expect(await call('inference', 'serverMetadata', {})).toMatchObject({
      name: 'snapshot-ensemble',
    });
    expect(await call('inference', 'modelMetadata', { name: 'tiny' })).toMatchObject({
      versions: ['1'],
      inputs: [{ name: 'x', datatype: 'FP32', shape: [-1n, 4n] }],
    });
    expect(await call('inference', 'modelConfig', { name: 'tiny' })).toMatchObject({
      config: { maxBatchSize: 64, input: [{ name: 'x', dataType: 11, dims: [4n] }] },
    });
    const stats = await call<{
      modelStats: { inferenceCount: bigint; batchStats: { computeInfer: { ns: bigint } }[] }[];
    }>('inference', 'modelStatistics', {});
    expect(stats.modelStats[0]!.inferenceCount).toBeGreaterThan(0n);
    expect(stats.modelStats[0]!.batchStats[0]!.computeInfer.ns).toBeGreaterThan(0n);
  });

  it('loads models for who has the key', async () => {
    const error = await call('inference', 'repositoryModelLoad', { modelName: 'tiny' }).catch(
      (e: unknown) => e,
    );
    expect((error as ServiceError).code).toBe(16);
    const metadata = new Metadata();
    metadata.set('authorization', 'Bearer secret');
    await call('inference', 'repositoryModelLoad', { modelName: 'tiny' }, metadata);
    const { models } = await call<{ models: object[] }>('inference', 'repositoryIndex', {});
    expect(models).toMatchObject([{ name: 'tiny', state: 'READY' }]);
  });

  it('checks health by service and model', async () => {
    expect(await call('health', 'check', {})).toMatchObject({ status: 1 });
    expect(await call('health', 'check', { service: 'tiny' })).toMatchObject({ status: 1 });
    const error = await call('health', 'check', { service: 'nope' }).catch((e: unknown) => e);
    expect((error as ServiceError).code).toBe(5);
  });

  it('answers a stream in its order, errors among its answers', async () => {
    const { path, responseDeserialize, requestSerialize } = services.inference['modelStreamInfer']!;
    const stream = client.makeBidiStreamRequest(
      path,
      (value: ModelInferRequest) => requestSerialize(value),
      (bytes) => responseDeserialize(bytes) as unknown as ModelStreamInferResponse,
    );
    for (const message of [
      request({ id: 'a' }),
      request({ id: 'b', modelName: 'nope' }),
      request({ id: 'c' }),
    ])
      stream.write(message);
    stream.end();
    const answers: ModelStreamInferResponse[] = [];
    for await (const answer of stream) answers.push(answer as ModelStreamInferResponse);
    expect(answers.map(({ inferResponse }) => inferResponse?.id)).toEqual(['a', 'b', 'c']);
    expect(answers.map(({ errorMessage }) => errorMessage !== '')).toEqual([false, true, false]);
  });

  it('reflects its services and their files', async () => {
    const { path, responseDeserialize, requestSerialize } =
      services.reflection['serverReflectionInfo']!;
    const stream = client.makeBidiStreamRequest(
      path,
      (value: object) => requestSerialize(value as never),
      (bytes) => responseDeserialize(bytes) as unknown as ServerReflectionResponse,
    );
    const ask = (kind: string, value: string): void => {
      stream.write({
        $typeName: 'grpc.reflection.v1.ServerReflectionRequest',
        host: '',
        messageRequest: { case: kind, value },
      });
    };
    ask('listServices', '');
    ask('fileContainingSymbol', 'inference.GRPCInferenceService');
    ask('fileContainingSymbol', 'inference.Nope');
    stream.end();
    const answers: ServerReflectionResponse[] = [];
    for await (const answer of stream) answers.push(answer as ServerReflectionResponse);
    expect(answers.map(({ messageResponse }) => messageResponse.case)).toEqual([
      'listServicesResponse',
      'fileDescriptorResponse',
      'errorResponse',
    ]);
    expect(JSON.stringify(answers[0]!.messageResponse.value)).toContain(
      'inference.GRPCInferenceService',
    );
  });

  it('gives up what its client cancels', async () => {
    const { path, responseDeserialize, requestSerialize } = services.inference['modelInfer']!;
    const error = await new Promise<ServiceError | null>((resolve) => {
      const pending = client.makeUnaryRequest(
        path,
        (value: ModelInferRequest) => requestSerialize(value),
        responseDeserialize,
        request(),
        resolve,
      );
      pending.cancel();
    });
    expect(error?.code).toBe(1);
  });
});
