import { buildGraph, type AnyArtifacts } from '../build-model.ts';
import { ExportError } from '../errors.ts';
import type { Graph, ValueInfo } from '../onnx/model.ts';
import { namesDefined } from '../optimize/graph-uses.ts';
import { optimize } from '../optimize/index.ts';
import type { Settings } from '../options.ts';
import { scoped, withInputs } from './join.ts';
import { without } from './without.ts';

/** What all members stand on, and the members on it. */
export interface OnBackbone {
  /** The backbone, its outputs below a scope; none where the members stand alone. */
  readonly backbone: readonly Graph[];
  readonly members: readonly Graph[];
}

/** The graph of a model that the members take the outputs of. */
export function backboneGraph(artifacts: AnyArtifacts, settings: Settings): Graph {
  return optimize(buildGraph(artifacts, settings));
}

/** Settings for the members of a backbone, which has the inputs and the cut to itself. */
export function headSettings(settings: Settings): Settings {
  return { ...without(settings, 'cutAt', 'inputShapes'), inputLayout: 'nhwc' };
}

/**
 * The members with the backbone's outputs as their inputs: those of the same name, else in order. Throws `ExportError('invalid-option')`
 * where they do not fit.
 */
export function putOnBackbone(backbone: Graph, members: readonly Graph[]): OnBackbone {
  const [first] = members as readonly [Graph];
  const fed = backbonePairs(backbone.outputs, first.inputs);
  for (const [output, input] of fed)
    if (!fits(output, input))
      throw new ExportError(
        'invalid-option',
        `The backbone's output "${output.name}" has shape ${shapeText(output)}, but the members' input "${input.name}" takes ${shapeText(input)}. Cut the backbone elsewhere, or give the backbone that the members were trained on.`,
      );
  const scope = freeScope(members);
  const names = new Map(fed.map(([output, input]) => [input.name, `${scope}/${output.name}`]));
  return {
    backbone: [scoped(backbone, scope)],
    members: members.map((member) => withInputs(member, names)),
  };
}

/**
 * Which output of a backbone goes to which input of the members: that of the same name where all have one, else in order. Throws
 * `ExportError('invalid-option')`.
 */
export function backbonePairs<T extends { readonly name: string }>(
  outputs: readonly T[],
  inputs: readonly T[],
): readonly (readonly [output: T, input: T])[] {
  const named = outputs.flatMap((output) => {
    const input = inputs.find(({ name }) => name === output.name);
    return input === undefined ? [] : [[output, input] as const];
  });
  if (named.length === outputs.length) return named;
  if (outputs.length === inputs.length)
    return outputs.map((output, index) => [output, inputs[index]!] as const);
  const list = (values: readonly T[]): string => values.map(({ name }) => name).join(', ');
  throw new ExportError(
    'invalid-option',
    `The backbone gives ${list(outputs)}, and the members take ${list(inputs)}. Give as many outputs as there are inputs, or name them alike with outputNames.`,
  );
}

function fits(output: ValueInfo, input: ValueInfo): boolean {
  const [given, taken] = [output.shape!, input.shape!];
  return (
    output.dtype === input.dtype &&
    given.length === taken.length &&
    given.every(
      (dim, axis) =>
        typeof dim !== 'number' || typeof taken[axis] !== 'number' || dim === taken[axis],
    )
  );
}

function shapeText({ shape }: ValueInfo): string {
  return `[${shape!.join(', ')}]`;
}

/** A layer may bear any name. */
function freeScope(members: readonly Graph[]): string {
  let scope = 'backbone';
  const isTaken = (): boolean =>
    members.some((member) => namesDefined(member).some((name) => name.startsWith(`${scope}/`)));
  while (isTaken()) scope += '_';
  return scope;
}
