import { UsageError } from '../run-main.ts';
import type { KserveOptions } from './kserve-options.ts';
import { CPU_TARGET, PENDING } from './kubernetes.ts';
import { checkPrometheus } from './names.ts';

interface Scaling {
  /** Of the `InferenceService`. */
  readonly annotations: Readonly<Record<string, string>>;
  readonly predictor: object;
}

/**
 * By what KServe adds pods: processor time through an ordinary autoscaler; requests without an answer, as Prometheus counts them, through
 * KEDA; or, with a canary, the requests that Knative itself sees, since only Knative parts traffic between revisions. Throws `UsageError`.
 */
export function kserveScaling(options: KserveOptions): Scaling {
  const { canary, scaleOn, queueTarget } = options;
  if (canary !== undefined)
    return {
      annotations: { 'serving.kserve.io/deploymentMode': 'Serverless' },
      predictor: {
        scaleMetric: 'concurrency',
        scaleTarget: queueTarget,
        canaryTrafficPercent: canary,
      },
    };
  const annotations = (scaler: string): Scaling['annotations'] => ({
    'serving.kserve.io/deploymentMode': 'RawDeployment',
    'serving.kserve.io/autoscalerClass': scaler,
  });
  return scaleOn === 'cpu'
    ? {
        annotations: annotations('hpa'),
        predictor: { scaleMetric: 'cpu', scaleTarget: CPU_TARGET },
      }
    : {
        annotations: annotations('keda'),
        predictor: { autoScaling: { metrics: [pendingRequests(options)] } },
      };
}

/** The sum over all pods; KEDA divides it by the target to get how many there should be. */
function pendingRequests(options: KserveOptions): object {
  const { prometheus, namespace, queueTarget, runtime, storageUri, name } = options;
  // Our runtime calls the model as KServe calls the service.
  const model = runtime === 'own' && storageUri !== undefined ? name : options.model;
  if (prometheus === undefined)
    throw new UsageError(
      'deploy kserve: --prometheus is missing: the number of waiting requests comes from it. Give the address of your Prometheus, e.g. http://prometheus.monitoring:9090, or --scale-on cpu.',
    );
  return {
    type: 'External',
    external: {
      metric: {
        backend: 'prometheus',
        serverAddress: checkPrometheus(prometheus),
        query: `sum(${PENDING}{namespace="${namespace}",model="${model}"})`,
      },
      target: { type: 'Value', value: String(queueTarget) },
    },
  };
}
