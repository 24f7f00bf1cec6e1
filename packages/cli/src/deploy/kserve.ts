import { UsageError } from '../run-main.ts';
import type { Files } from './deployment.ts';
import { container, yaml, type KubernetesOptions } from './kubernetes.ts';
import { checkImage, checkKubernetesName, checkStorageUri } from './names.ts';

export interface KserveOptions extends Omit<KubernetesOptions, 'image'> {
  /** Triton on a repository that `deploy triton` wrote, or our own server in an image that `deploy docker` made. */
  readonly runtime: 'triton' | 'own';
  /** Where the root of the model repository lies (Triton). */
  readonly storageUri?: string;
  readonly image?: string;
  /** Share of the traffic, in percent, that the revision at hand gets; the one before it gets the rest. */
  readonly canary?: number;
}

// The release whose onnxruntime the exported graphs are made for; KServe's own default is older and reads them as well.
const TRITON_RELEASE = '24.10-py3';

/** An `InferenceService` for KServe. Throws `UsageError`. */
export function kserveManifests(options: KserveOptions): Files {
  checkKubernetesName('--name', options.name);
  checkKubernetesName('--namespace', options.namespace);
  const service = {
    apiVersion: 'serving.kserve.io/v1beta1',
    kind: 'InferenceService',
    metadata: {
      name: options.name,
      namespace: options.namespace,
      // Scaled by an ordinary autoscaler, without Knative.
      annotations: { 'serving.kserve.io/deploymentMode': deploymentMode(options) },
    },
    spec: {
      predictor: {
        minReplicas: options.replicas,
        maxReplicas: options.maxReplicas,
        scaleMetric: 'cpu',
        scaleTarget: 70,
        ...(options.canary !== undefined && { canaryTrafficPercent: options.canary }),
        ...(options.runtime === 'triton' ? triton(options) : own(options)),
      },
    },
  };
  return { 'inference-service.yaml': yaml(service) };
}

/** Splitting traffic between revisions needs Knative. */
function deploymentMode({ canary }: KserveOptions): string {
  return canary === undefined ? 'RawDeployment' : 'Serverless';
}

function triton({ storageUri, cpu, memory, device }: KserveOptions): object {
  if (storageUri === undefined)
    throw new UsageError(
      'deploy kserve: --storage-uri is missing. Give the address of the root of the model repository that `deploy triton` wrote, e.g. s3://models/repository.',
    );
  const gpu = device === 'gpu' ? { 'nvidia.com/gpu': 1 } : {};
  return {
    model: {
      modelFormat: { name: 'triton', version: '2' },
      runtime: 'kserve-tritonserver',
      runtimeVersion: TRITON_RELEASE,
      protocolVersion: 'v2',
      storageUri: checkStorageUri(storageUri),
      resources: { requests: { cpu, memory }, limits: { cpu, memory, ...gpu } },
    },
  };
}

function own(options: KserveOptions): object {
  if (options.image === undefined)
    throw new UsageError(
      'deploy kserve: --image is missing. Give the image that the folder of `deploy docker` was built into.',
    );
  const image = checkImage(options.image);
  return {
    containers: [{ ...container({ ...options, image }), name: 'kserve-container' }],
    volumes: [{ name: 'tmp', emptyDir: {} }],
  };
}
