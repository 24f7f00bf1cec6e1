import type { KubernetesOptions } from './kubernetes.ts';

export interface KserveOptions extends Omit<KubernetesOptions, 'image'> {
  /** Triton on a repository that `deploy triton` wrote, or our own server in an image that `deploy docker` made. */
  readonly runtime: 'triton' | 'own';
  /** What the model is called in URLs and metrics. */
  readonly model: string;
  /** Where the root of the model repository lies (Triton), or a bundle that takes the place of the image's own. */
  readonly storageUri?: string;
  readonly image?: string;
  /** Share of the traffic, in percent, that the revision at hand gets; the one before it gets the rest. */
  readonly canary?: number;
  /** Address of the Prometheus that counts what waits. */
  readonly prometheus?: string;
}
