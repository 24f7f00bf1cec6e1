import type { OutputKind } from '@snapshot-ensemble/ensemble-math';

import { TfjsAdapterError } from './errors.ts';
import { type Expected, expectedBy } from './losses.ts';
import type { LayersModel } from './tf.ts';

/** The kind of a model's output, and what shows it. */
export interface ReadOutput {
  /** The output's name in the model. */
  readonly name: string;
  readonly kind: OutputKind;
  /** What is done with the output before anything else: the sigmoid, where it ends in that one's logits. */
  readonly apply?: 'sigmoid';
  /** `loss binaryCrossentropy, activation sigmoid, 1 value a row`, say, or that it was said. */
  readonly because: string;
}

/** What is known of an output. */
interface Evidence {
  readonly loss: string | null;
  readonly expected: Expected | undefined;
  readonly activation: string;
  /** Values in a row; undefined where the model leaves their number open. */
  readonly columns: number | undefined;
}

/**
 * The kind of each output, from the loss it was trained with, the activation it ends in and the length of its rows; kinds
 * that are given go before. Throws `unknown-kind` where these leave it open: a kind is never guessed.
 */
export function readOutputs(
  model: LayersModel,
  losses: readonly (string | null)[],
  given: readonly OutputKind[] | undefined,
): readonly ReadOutput[] {
  return model.outputs.map((output, index) => {
    const name = model.outputNames[index]!;
    const loss = losses[index] ?? null;
    const evidence: Evidence = {
      loss,
      expected: loss === null ? undefined : expectedBy(loss),
      activation: activationOf(output.sourceLayer),
      columns: output.shape.at(-1) ?? undefined,
    };
    const said = given?.[index];
    if (said !== undefined) return { name, ...asSaid(said, evidence), because: 'it was said' };
    const told = toldBy(evidence);
    if (told === undefined) throw unknownKind(name, evidence);
    return { name, ...told, because: describe(evidence) };
  });
}

type Told = Pick<ReadOutput, 'kind' | 'apply'>;

function toldBy({ expected, activation, columns }: Evidence): Told | undefined {
  const sides = columns === 1 ? 'binary' : 'multi-label';
  if (activation === 'softmax') return { kind: 'probabilities' };
  if (expected === 'values') return { kind: 'regression' };
  if (expected === 'class logits') return { kind: 'logits' };
  if (expected === 'side logits') return { kind: sides, apply: 'sigmoid' };
  if (expected === 'sides') return { kind: sides };
  // With a loss that we do not know, a sigmoid says what it mostly does. Losses of classes divide what is no softmax by
  // its sum, which leaves outputs of no kind.
  return activation === 'sigmoid' && expected === undefined ? { kind: sides } : undefined;
}

/** A kind that the caller says; of two sides it is probabilities, which a linear output still has to become. */
function asSaid(kind: OutputKind, { activation, expected }: Evidence): Told {
  const isTwoSided = kind === 'binary' || kind === 'multi-label';
  const isLogit = activation === 'linear' && expected !== 'sides';
  return isTwoSided && isLogit ? { kind, apply: 'sigmoid' } : { kind };
}

function describe({ loss, activation, columns }: Evidence): string {
  const values = columns === 1 ? '1 value' : `${columns ?? 'any number of'} values`;
  return `${loss === null ? 'no known loss' : `loss ${loss}`}, activation ${activation}, ${values} a row`;
}

function unknownKind(name: string, evidence: Evidence): TfjsAdapterError {
  return new TfjsAdapterError(
    'unknown-kind',
    `Cannot tell what the output "${name}" is (${describe(evidence)}). Say what each output is: ` +
      "loadMembers(tf, store, { kinds: ['logits'] }), or 'probabilities', 'binary', 'multi-label', 'regression'.",
  );
}

interface LayerLike {
  getClassName(): string;
  getConfig(): Readonly<Record<string, unknown>>;
  /** Of a model used as a layer. */
  readonly outputs?: readonly { readonly sourceLayer: LayerLike }[];
  /** Of a wrapper such as TimeDistributed. */
  readonly layer?: LayerLike;
}

/** The activation a layer ends in; `linear` where it has none. */
function activationOf(layer: LayerLike): string {
  const inner = layer.layer ?? layer.outputs?.[0]?.sourceLayer;
  if (inner) return activationOf(inner);
  if (layer.getClassName() === 'Softmax') return 'softmax';
  const { activation } = layer.getConfig();
  return typeof activation === 'string' ? activation : 'linear';
}
