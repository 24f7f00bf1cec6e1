import type { UntypedServiceImplementation } from '@grpc/grpc-js';
import { create, type MessageInitShape } from '@bufbuild/protobuf';
import type { ServerContext } from '../http/context.ts';
import { refuseLoadParameters } from '../http/routes.ts';
import type { ModelAddress } from '../protocol/messages.ts';
import { extensions, modelConfig, modelMetadata, SERVER_NAME } from '../service/describe.ts';
import { modelStatistics, type ModelStatistics } from '../service/statistics.ts';
import { unary, unread } from './call.ts';
import * as pb from './generated/inference_pb.ts';
import { DataType, type ModelConfigSchema } from './generated/model_config_pb.ts';
import { answer, deadlineOf, signalOf, streamInfer } from './infer.ts';

const addressOf = ({ name, version }: { name: string; version: string }): ModelAddress =>
  version === '' ? { model: name } : { model: name, version };

/** The inference service over what HTTP serves too. */
export function inferenceService(context: ServerContext): UntypedServiceImplementation {
  const { repository } = context;
  return {
    serverLive: unary<pb.ServerLiveRequest, pb.ServerLiveResponse>(context, 'health', () =>
      create(pb.ServerLiveResponseSchema, { live: true }),
    ),
    serverReady: unary<pb.ServerReadyRequest, pb.ServerReadyResponse>(context, 'health', () =>
      create(pb.ServerReadyResponseSchema, {
        ready: repository.isReady() && !context.isStopping(),
      }),
    ),
    modelReady: unary<pb.ModelReadyRequest, pb.ModelReadyResponse>(context, 'health', (message) => {
      repository.find(addressOf(message));
      return create(pb.ModelReadyResponseSchema, { ready: !context.isStopping() });
    }),
    serverMetadata: unary<pb.ServerMetadataRequest, pb.ServerMetadataResponse>(
      context,
      'metadata',
      () =>
        create(pb.ServerMetadataResponseSchema, {
          name: SERVER_NAME,
          version: context.version,
          extensions: [...extensions(context.isAdminOn)],
        }),
    ),
    modelMetadata: unary<pb.ModelMetadataRequest, pb.ModelMetadataResponse>(
      context,
      'metadata',
      (message) => {
        const model = repository.find(addressOf(message));
        const { inputs, outputs, ...head } = modelMetadata(model, repository.versions(model.name));
        return create(pb.ModelMetadataResponseSchema, {
          ...head,
          versions: [...head.versions],
          inputs: inputs.map((tensor) => ({ ...tensor, shape: tensor.shape.map(BigInt) })),
          outputs: outputs.map((tensor) => ({ ...tensor, shape: tensor.shape.map(BigInt) })),
        });
      },
    ),
    modelConfig: unary<pb.ModelConfigRequest, pb.ModelConfigResponse>(
      context,
      'metadata',
      (message) => {
        const config = modelConfig(repository.find(addressOf(message)));
        return create(pb.ModelConfigResponseSchema, { config: configMessage(config) });
      },
    ),
    modelStatistics: unary<pb.ModelStatisticsRequest, pb.ModelStatisticsResponse>(
      context,
      'metadata',
      (message) => {
        const models =
          message.name === '' ? repository.models() : [repository.find(addressOf(message))];
        return create(pb.ModelStatisticsResponseSchema, {
          modelStats: models.map((model) => statisticsMessage(modelStatistics(model))),
        });
      },
    ),
    repositoryIndex: unary<pb.RepositoryIndexRequest, pb.RepositoryIndexResponse>(
      context,
      'metadata',
      ({ ready }) =>
        create(pb.RepositoryIndexResponseSchema, {
          models: repository.index().filter(({ state }) => !ready || state === 'READY'),
        }),
    ),
    repositoryModelLoad: unary<pb.RepositoryModelLoadRequest, pb.RepositoryModelLoadResponse>(
      context,
      'admin',
      async ({ modelName, parameters }) => {
        refuseLoadParameters(Object.keys(parameters));
        await repository.load(modelName);
        return create(pb.RepositoryModelLoadResponseSchema);
      },
    ),
    repositoryModelUnload: unary<pb.RepositoryModelUnloadRequest, pb.RepositoryModelUnloadResponse>(
      context,
      'admin',
      async ({ modelName }) => {
        await repository.unload(modelName);
        return create(pb.RepositoryModelUnloadResponseSchema);
      },
    ),
    modelInfer: unread<pb.ModelInferRequest, pb.ModelInferResponse>(
      context,
      'inference',
      (received, call, record) =>
        answer(context, received, { signal: signalOf(call), deadline: deadlineOf(call) }, record),
    ),
    modelStreamInfer: streamInfer(context),
  };
}

function configMessage(
  config: ReturnType<typeof modelConfig>,
): MessageInitShape<typeof ModelConfigSchema> {
  const tensor = ({ name, data_type, dims }: (typeof config.input)[number]) => ({
    name,
    dataType: DataType[data_type as keyof typeof DataType],
    dims: dims.map(BigInt),
  });
  return {
    name: config.name,
    platform: config.platform,
    backend: config.backend,
    maxBatchSize: config.max_batch_size,
    input: config.input.map(tensor),
    output: config.output.map(tensor),
    dynamicBatching: {},
    parameters: Object.fromEntries(
      Object.entries(config.parameters).map(([name, { string_value }]) => [
        name,
        { stringValue: string_value },
      ]),
    ),
  };
}

function statisticsMessage(
  stats: ModelStatistics,
): MessageInitShape<typeof pb.ModelStatisticsSchema> {
  const duration = ({ count, ns }: ModelStatistics['inference_stats']['success']) => ({
    count: BigInt(count),
    ns: BigInt(ns),
  });
  const { inference_stats: parts } = stats;
  return {
    name: stats.name,
    version: stats.version,
    lastInference: BigInt(stats.last_inference),
    inferenceCount: BigInt(stats.inference_count),
    executionCount: BigInt(stats.execution_count),
    inferenceStats: {
      success: duration(parts.success),
      fail: duration(parts.fail),
      queue: duration(parts.queue),
      computeInput: duration(parts.compute_input),
      computeInfer: duration(parts.compute_infer),
      computeOutput: duration(parts.compute_output),
      cacheHit: duration(parts.cache_hit),
      cacheMiss: duration(parts.cache_miss),
    },
    batchStats: stats.batch_stats.map((size) => ({
      batchSize: BigInt(size.batch_size),
      computeInput: duration(size.compute_input),
      computeInfer: duration(size.compute_infer),
      computeOutput: duration(size.compute_output),
    })),
  };
}
