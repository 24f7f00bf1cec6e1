import type { ExportEnsembleOptions } from '@snapshot-ensemble/export-onnx';

/** What `--precision` takes. */
export const precisions = ['float32', 'float16', 'int8-dynamic', 'int8-static'] as const;
export type PrecisionFlag = (typeof precisions)[number];

/** What `--form` takes. */
export const forms = ['auto', 'fused', 'stacked', 'staged', 'separate'] as const;

/** What `--kind` takes. */
export const kinds = ['probabilities', 'logits', 'binary', 'multi-label', 'regression'] as const;

export type Labels = Readonly<Record<string, readonly string[]>>;

export interface ExportFlags {
  readonly out: string;
  readonly check?: true;
  readonly last?: number;
  readonly members?: readonly string[];
  readonly best?: number;
  readonly metric?: string;
  readonly sweep?: true;
  readonly backbone?: string;
  readonly cutAt?: readonly string[];
  readonly config?: string;
  readonly form?: (typeof forms)[number];
  readonly precision?: PrecisionFlag;
  readonly rows?: string;
  readonly name?: string;
  readonly kind?: (typeof kinds)[number];
  readonly labels: Labels;
  readonly opset?: number;
  readonly smoke: boolean;
  readonly overwrite?: true;
  readonly json?: true;
}

/** What only a configuration file may say beside. */
type Configured = Pick<
  ExportEnsembleOptions,
  | 'policy'
  | 'preprocess'
  | 'inputShapes'
  | 'statistics'
  | 'sigmoidOutputs'
  | 'memberFiles'
  | 'provenance'
>;

/** Flags and configuration file together. */
export type ExportSettings = Omit<ExportFlags, 'config'> & Partial<Configured>;
