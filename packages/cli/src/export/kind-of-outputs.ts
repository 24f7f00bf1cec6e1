import type { OutputKind } from '@snapshot-ensemble/ensemble-math';
import { UsageError } from '../run-main.ts';

/** The part of a tfjs layers model's JSON that tells its outputs. */
interface Topology {
  readonly model_config?: Topology;
  readonly config?: {
    readonly layers?: readonly LayerJson[];
    readonly output_layers?: readonly (string | readonly unknown[])[];
  };
}

interface LayerJson {
  readonly class_name?: string;
  readonly name?: string;
  readonly config?: {
    readonly name?: string;
    readonly activation?: unknown;
    readonly units?: unknown;
  };
}

/**
 * What every output of the model is, where its last layer tells: `probabilities` after a softmax, `binary` or `multi-label` after a
 * sigmoid. Throws `UsageError` otherwise: a linear last layer may give logits or a regression, and the two are combined differently.
 */
export function kindOfOutputs(topology: unknown): OutputKind {
  const layers = outputLayers(topology as Topology);
  const kinds = new Set(layers.map(kindOf));
  const [kind] = kinds;
  if (kinds.size === 1 && kind !== undefined) return kind;
  throw new UsageError(
    `export: the model's last layer (${layers.map(activationOf).join(', ') || 'unknown'}) does not say what its outputs are. Pass --kind probabilities, logits, binary, multi-label or regression.`,
  );
}

function kindOf(layer: LayerJson): OutputKind | undefined {
  const activation = activationOf(layer);
  if (activation === 'softmax') return 'probabilities';
  if (activation !== 'sigmoid') return undefined;
  return layer.config?.units === 1 ? 'binary' : 'multi-label';
}

function outputLayers({ model_config: inner, config }: Topology): readonly LayerJson[] {
  if (inner !== undefined) return outputLayers(inner);
  const layers = config?.layers ?? [];
  if (config?.output_layers === undefined) return layers.slice(-1);
  // One output is [name, node, tensor], several are a list of these.
  const names = config.output_layers.map((entry) => (typeof entry === 'string' ? entry : entry[0]));
  return layers.filter((layer) => names.includes(layer.config?.name ?? layer.name));
}

function activationOf({ class_name: name = '', config }: LayerJson): string {
  const { activation } = config ?? {};
  if (name === 'Softmax') return 'softmax';
  return typeof activation === 'string' ? activation : name;
}
