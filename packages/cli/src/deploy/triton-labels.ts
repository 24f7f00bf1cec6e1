import type { BundleManifest, BundleOutput } from '@snapshot-ensemble/ensemble-bundle';
import type { Files } from './deployment.ts';
import type { Message } from './text-proto.ts';
import { tensorConfig } from './triton-config.ts';

/** Predictions carry the names of their classes, which clients ask for with Triton's classification extension. */
export function outputConfig({ labels }: BundleManifest, output: BundleOutput): Message {
  const isLabelled = output.role === 'prediction' && Object.hasOwn(labels, output.name);
  return {
    ...tensorConfig(output),
    ...(isLabelled && { label_filename: labelFile(output.name) }),
  };
}

export function labelFiles(model: string, { labels }: BundleManifest): Files {
  return Object.fromEntries(
    Object.entries(labels).map(([output, names]) => [
      `${model}/${labelFile(output)}`,
      `${names.map((name) => name.replaceAll(/\s+/g, ' ')).join('\n')}\n`,
    ]),
  );
}

function labelFile(output: string): string {
  return `labels.${output.replaceAll(/[^A-Za-z0-9_.-]/g, '_')}.txt`;
}
