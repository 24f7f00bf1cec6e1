import { UsageError } from '../run-main.ts';
import type { Files } from './deployment.ts';
import { kserveScaling } from './kserve-scaling.ts';
import { container, GRACE_SECONDS, ports, startupProbe, yaml } from './kubernetes.ts';
import { checkImage, checkKubernetesName, checkQuantity, checkStorageUri } from './names.ts';
import type { KserveOptions } from './kserve-options.ts';

// The release whose onnxruntime the exported graphs are made for; KServe's own default is older and reads them as well.
const TRITON_RELEASE = '24.10-py3';
const RUNTIME = 'snapshot-ensemble';

/** An `InferenceService` for KServe, and the `ServingRuntime` that it names where our own server reads a bundle from a store. Throws `UsageError`. */
export function kserveManifests(options: KserveOptions): Files {
  checkKubernetesName('--name', options.name);
  checkKubernetesName('--namespace', options.namespace);
  checkQuantity('--cpu', options.cpu);
  checkQuantity('--memory', options.memory);
  const { annotations, predictor } = kserveScaling(options);
  const isRuntime = options.runtime === 'own' && options.storageUri !== undefined;
  const service = {
    apiVersion: 'serving.kserve.io/v1beta1',
    kind: 'InferenceService',
    metadata: {
      name: options.name,
      namespace: options.namespace,
      annotations: { ...annotations, ...scraped(options) },
    },
    spec: {
      predictor: {
        minReplicas: options.replicas,
        maxReplicas: options.maxReplicas,
        ...predictor,
        ...(options.runtime === 'triton'
          ? triton(options)
          : isRuntime
            ? byRuntime(options)
            : own(options)),
      },
    },
  };
  return {
    ...(isRuntime && { 'serving-runtime.yaml': yaml(servingRuntime(options)) }),
    'inference-service.yaml': yaml(service),
  };
}

/** Runtimes say themselves where their metrics are; a container of one's own does not. */
function scraped({ runtime, storageUri }: KserveOptions): Readonly<Record<string, string>> {
  if (runtime === 'triton' || storageUri !== undefined)
    return { 'serving.kserve.io/enable-prometheus-scraping': 'true' };
  return {
    'prometheus.io/scrape': 'true',
    'prometheus.io/port': String(ports.http),
    'prometheus.io/path': '/metrics',
  };
}

function triton(options: KserveOptions): object {
  const { storageUri } = options;
  if (storageUri === undefined)
    throw new UsageError(
      'deploy kserve: --storage-uri is missing. Give the address of the root of the model repository that `deploy triton` wrote, e.g. s3://models/repository.',
    );
  return {
    model: {
      modelFormat: { name: 'triton', version: '2' },
      runtime: 'kserve-tritonserver',
      runtimeVersion: TRITON_RELEASE,
      protocolVersion: 'v2',
      storageUri: checkStorageUri(storageUri),
      resources: resources(options),
    },
  };
}

function byRuntime(options: KserveOptions): object {
  return {
    model: {
      modelFormat: { name: RUNTIME, version: '1' },
      runtime: RUNTIME,
      protocolVersion: 'v2',
      storageUri: checkStorageUri(options.storageUri!),
      resources: resources(options),
    },
    terminationGracePeriodSeconds: GRACE_SECONDS,
  };
}

function own(options: KserveOptions): object {
  return {
    containers: [ownContainer(options)],
    volumes: [{ name: 'tmp', emptyDir: {} }],
    terminationGracePeriodSeconds: GRACE_SECONDS,
  };
}

/** Our server for any bundle that KServe has fetched; its name is the `InferenceService`'s. */
function servingRuntime(options: KserveOptions): object {
  const env = { BUNDLE: '/mnt/models', MODEL_NAME: '{{.Name}}' };
  return {
    apiVersion: 'serving.kserve.io/v1alpha1',
    kind: 'ServingRuntime',
    metadata: { name: RUNTIME, namespace: options.namespace },
    spec: {
      annotations: {
        'prometheus.kserve.io/port': String(ports.http),
        'prometheus.kserve.io/path': '/metrics',
      },
      supportedModelFormats: [{ name: RUNTIME, version: '1', autoSelect: true }],
      protocolVersions: ['v2', 'grpc-v2'],
      containers: [
        {
          ...ownContainer(options),
          env: Object.entries(env).map(([name, value]) => ({ name, value })),
        },
      ],
      volumes: [{ name: 'tmp', emptyDir: {} }],
    },
  };
}

function ownContainer(options: KserveOptions): object {
  if (options.image === undefined)
    throw new UsageError(
      'deploy kserve: --image is missing. Give the image that the folder of `deploy docker` was built into.',
    );
  const image = checkImage(options.image);
  const named = { ...container({ ...options, image }), name: 'kserve-container' };
  if (options.canary === undefined) return { ...named, startupProbe };
  // Knative takes one port, probes on no other, and no probe of the start.
  const probe = (path: string): object => ({ httpGet: { path, port: ports.http } });
  return {
    ...named,
    ports: [{ name: 'http1', containerPort: ports.http, protocol: 'TCP' }],
    readinessProbe: { ...probe('/v2/health/ready'), periodSeconds: 2 },
    livenessProbe: { ...probe('/v2/health/live'), periodSeconds: 5, timeoutSeconds: 5 },
  };
}

function resources({ cpu, memory, device }: KserveOptions): object {
  const gpu = device === 'gpu' ? { 'nvidia.com/gpu': 1 } : {};
  return { requests: { cpu, memory }, limits: { cpu, memory, ...gpu } };
}
