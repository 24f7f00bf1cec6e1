import type { EnsemblePolicy } from '@snapshot-ensemble/ensemble-math';
import type { ExportEnsembleOptions } from '@snapshot-ensemble/export-onnx';

/** What `--precision` takes. */
export const precisions = ['float32', 'float16', 'int8-dynamic', 'int8-static'] as const;
export type PrecisionFlag = (typeof precisions)[number];

export type Labels = Readonly<Record<string, readonly string[]>>;

export interface ExportFlags {
  readonly out: string;
  readonly check?: true;
  readonly last?: number;
  readonly members?: readonly string[];
  readonly best?: number;
  readonly metric?: string;
  readonly sweep?: true;
  readonly form?: ExportEnsembleOptions['form'];
  readonly precision?: PrecisionFlag;
  readonly rows?: string;
  readonly name?: string;
  readonly kind?: EnsemblePolicy['kind'];
  readonly labels: Labels;
  readonly opset?: number;
  readonly smoke: boolean;
  readonly overwrite?: true;
  readonly json?: true;
}
