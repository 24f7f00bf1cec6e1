import { stringify } from 'yaml';
import type { Files } from './deployment.ts';
import { checkImage, checkKubernetesName, checkQuantity } from './names.ts';

export interface KubernetesOptions {
  readonly name: string;
  readonly namespace: string;
  /** An image as `deploy docker` makes it. */
  readonly image: string;
  /** Pods at least and at most. */
  readonly replicas: number;
  readonly maxReplicas: number;
  /** Of one pod, e.g. "2" and "1Gi". */
  readonly cpu: string;
  readonly memory: string;
  readonly device: 'cpu' | 'gpu';
  /** By what pods are added: processor time, or requests without an answer. */
  readonly scaleOn: 'cpu' | 'queue';
  /** How many such requests a pod may have. */
  readonly queueTarget: number;
}

export const ports = { http: 8000, grpc: 8001 };
// `serve` drains within 25 seconds of SIGTERM; the rest is for the kubelet.
export const GRACE_SECONDS = 30;
// Percent of a pod's cores; the rest is for what comes in bursts.
export const CPU_TARGET = 70;
/** Requests without an answer, as our server and Triton count them. */
export const PENDING = 'nv_inference_pending_request_count';

/** Deployment, Service, autoscaler, disruption budget, network policy and a kustomization that lists them. Throws `UsageError`. */
export function kubernetesManifests(options: KubernetesOptions): Files {
  checkKubernetesName('--name', options.name);
  checkKubernetesName('--namespace', options.namespace);
  checkImage(options.image);
  checkQuantity('--cpu', options.cpu);
  checkQuantity('--memory', options.memory);
  const objects = {
    'deployment.yaml': deployment(options),
    'service.yaml': service(options),
    'autoscaler.yaml': autoscaler(options),
    'disruption-budget.yaml': disruptionBudget(options),
    'network-policy.yaml': networkPolicy(options),
  };
  const kustomization = {
    apiVersion: 'kustomize.config.k8s.io/v1beta1',
    kind: 'Kustomization',
    namespace: options.namespace,
    resources: Object.keys(objects),
  };
  return Object.fromEntries(
    Object.entries({ ...objects, 'kustomization.yaml': kustomization }).map(([path, object]) => [
      path,
      yaml(object),
    ]),
  );
}

export function yaml(object: object): string {
  return stringify(object, { lineWidth: 0 });
}

const labelsOf = ({ name }: KubernetesOptions): Record<string, string> => ({
  'app.kubernetes.io/name': 'snapshot-ensemble',
  'app.kubernetes.io/instance': name,
});

const metadata = (options: KubernetesOptions): object => ({
  name: options.name,
  namespace: options.namespace,
  labels: labelsOf(options),
});

const selector = (options: KubernetesOptions): object => ({ matchLabels: labelsOf(options) });

function deployment(options: KubernetesOptions): object {
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: metadata(options),
    spec: {
      replicas: options.replicas,
      selector: selector(options),
      strategy: { type: 'RollingUpdate', rollingUpdate: { maxUnavailable: 0, maxSurge: 1 } },
      template: {
        metadata: {
          labels: labelsOf(options),
          annotations: {
            'prometheus.io/scrape': 'true',
            'prometheus.io/port': String(ports.http),
            'prometheus.io/path': '/metrics',
          },
        },
        spec: {
          automountServiceAccountToken: false,
          terminationGracePeriodSeconds: GRACE_SECONDS,
          securityContext: {
            runAsNonRoot: true,
            runAsUser: 1000,
            runAsGroup: 1000,
            seccompProfile: { type: 'RuntimeDefault' },
          },
          containers: [{ ...container(options), startupProbe }],
          volumes: [{ name: 'tmp', emptyDir: {} }],
        },
      },
    },
  };
}

const READY = { httpGet: { path: '/v2/health/ready', port: 'http' } };
/** A bundle that is verified and warmed may take a while; only then do the other two probes begin. */
export const startupProbe: object = { ...READY, periodSeconds: 2, failureThreshold: 90 };

/** The server's container, the same under a Deployment and under KServe. */
export function container(
  options: Pick<KubernetesOptions, 'image' | 'cpu' | 'memory' | 'device'>,
): object {
  const { cpu, memory, device } = options;
  const gpu = device === 'gpu' ? { 'nvidia.com/gpu': 1 } : {};
  return {
    name: 'server',
    image: options.image,
    ports: Object.entries(ports).map(([name, containerPort]) => ({ name, containerPort })),
    readinessProbe: { ...READY, periodSeconds: 2, failureThreshold: 1 },
    livenessProbe: {
      httpGet: { path: '/v2/health/live', port: 'http' },
      periodSeconds: 5,
      timeoutSeconds: 5,
    },
    resources: { requests: { cpu, memory }, limits: { cpu, memory, ...gpu } },
    securityContext: {
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      capabilities: { drop: ['ALL'] },
    },
    volumeMounts: [{ name: 'tmp', mountPath: '/tmp' }],
  };
}

function service(options: KubernetesOptions): object {
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: metadata(options),
    spec: {
      selector: labelsOf(options),
      ports: Object.entries(ports).map(([name, port]) => ({ name, port, targetPort: name })),
    },
  };
}

/** Where pods are added by what waits, an adapter for custom metrics must bring the count from Prometheus. */
function autoscaler(options: KubernetesOptions): object {
  return {
    apiVersion: 'autoscaling/v2',
    kind: 'HorizontalPodAutoscaler',
    metadata: metadata(options),
    spec: {
      scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: options.name },
      minReplicas: options.replicas,
      maxReplicas: options.maxReplicas,
      metrics: [scaledOn(options)],
      behavior: { scaleDown: { stabilizationWindowSeconds: 300 } },
    },
  };
}

function scaledOn({ scaleOn, queueTarget }: KubernetesOptions): object {
  if (scaleOn === 'cpu')
    return {
      type: 'Resource',
      resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: CPU_TARGET } },
    };
  return {
    type: 'Pods',
    pods: {
      metric: { name: PENDING },
      target: { type: 'AverageValue', averageValue: String(queueTarget) },
    },
  };
}

function disruptionBudget(options: KubernetesOptions): object {
  return {
    apiVersion: 'policy/v1',
    kind: 'PodDisruptionBudget',
    metadata: metadata(options),
    spec: { maxUnavailable: 1, selector: selector(options) },
  };
}

/** Requests come in on the two ports; the server itself calls nobody. */
function networkPolicy(options: KubernetesOptions): object {
  return {
    apiVersion: 'networking.k8s.io/v1',
    kind: 'NetworkPolicy',
    metadata: metadata(options),
    spec: {
      podSelector: selector(options),
      policyTypes: ['Ingress', 'Egress'],
      ingress: [{ ports: Object.values(ports).map((port) => ({ port, protocol: 'TCP' })) }],
      egress: [],
    },
  };
}
