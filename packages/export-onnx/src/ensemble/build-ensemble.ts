import type {
  BundleDType,
  BundleOutput,
  BundleTensor,
  OutputRole,
} from '@snapshot-ensemble/ensemble-bundle';
import type { EnsemblePolicy } from '@snapshot-ensemble/ensemble-math';
import { convertOutputs, modelOf } from '../build-model.ts';
import { ExportError } from '../errors.ts';
import { createGraphBuilder, type GraphBuilder } from '../graph/builder.ts';
import { physicalShape, type Value } from '../graph/value.ts';
import { graphInputs } from '../layers-model/graph-inputs.ts';
import { BATCH } from '../graph/shapes.ts';
import { ioNames } from '../layers-model/io-names.ts';
import type { Model, Shape } from '../onnx/model.ts';
import { optimize } from '../optimize/index.ts';
import type { Settings } from '../options.ts';
import { combineMembers } from './combine.ts';
import type { Member } from './members.ts';
import { policiesOf, type Policies } from './policies.ts';
import { statistic, statisticsOf, type Statistic } from './statistics.ts';

export interface BuiltEnsemble {
  readonly model: Model;
  readonly inputs: readonly BundleTensor[];
  readonly outputs: readonly BundleOutput[];
  readonly policies: ReadonlyMap<string, EnsemblePolicy>;
}

interface NamedOutput {
  readonly name: string;
  readonly role: OutputRole;
  readonly of: string;
  readonly value: Value;
}

/** All members in one graph: shared inputs, their outputs combined, and what they say beside. */
export function buildEnsemble(
  members: readonly Member[],
  policy: Policies,
  statistics: readonly Statistic[] | undefined,
  settings: Settings,
): BuiltEnsemble {
  const { spec } = members[0]!;
  const inputNames = ioNames(spec.inputs, settings.inputNames);
  const outputNames = ioNames(spec.outputs, settings.outputNames, new Set(inputNames));
  const policies = policiesOf(policy, outputNames);
  const graph = createGraphBuilder(settings.opset);
  const inputs = graphInputs(graph, spec, inputNames, settings.inputLayout);
  const perMember = convertMembers(members, inputs, graph, settings);
  const outputs = outputNames.flatMap((name, index) => {
    const values = perMember.map((member) => member[index]!);
    return outputsOf(graph.within('ensemble'), name, values, policies.get(name)!, statistics);
  });
  const named = outputs.map(({ name, value }) => [name, value] as const);
  return {
    model: modelOf(optimize(graph.finish('ensemble', named)), settings),
    inputs: inputs.map((value) => bundleTensor(value.name, value)),
    outputs: outputs.map(({ name, role, of, value }) => ({
      ...bundleTensor(name, value),
      role,
      of,
    })),
    policies,
  };
}

function convertMembers(
  members: readonly Member[],
  inputs: readonly Value[],
  graph: GraphBuilder,
  settings: Settings,
): readonly (readonly Value[])[] {
  const signature = (values: readonly Value[]): string =>
    JSON.stringify(values.map(({ dtype, shape }) => [dtype, shape]));
  const all = members.map(({ spec, weights }, index) => {
    if (spec.inputs.length !== inputs.length) throw different(index, 'number of inputs');
    return convertOutputs(spec, inputs, graph.within(`m${index}`), weights, settings);
  });
  all.forEach((outputs, index) => {
    if (signature(outputs) !== signature(all[0]!)) throw different(index, 'outputs');
  });
  return all;
}

function different(index: number, what: string): ExportError {
  return new ExportError(
    'different-members',
    `Member ${index} has other ${what} than member 0. Members of one ensemble share inputs and outputs; export it alone.`,
  );
}

function outputsOf(
  graph: GraphBuilder,
  name: string,
  values: readonly Value[],
  policy: EnsemblePolicy,
  wanted: readonly Statistic[] | undefined,
): readonly NamedOutput[] {
  checkPolicy(name, values, policy);
  const scoped = graph.within(name);
  const prediction: NamedOutput = {
    name,
    role: 'prediction',
    of: name,
    value: combineMembers(scoped, values, policy),
  };
  const statistics = statisticsOf(policy.kind).filter((role) => wanted?.includes(role) ?? true);
  return [
    prediction,
    ...statistics.map((role) => ({
      name: `${name}.${role}`,
      role,
      of: name,
      value: statistic(scoped, role, values, policy),
    })),
  ];
}

function checkPolicy(name: string, values: readonly Value[], policy: EnsemblePolicy): void {
  const { kind, members, weights } = policy;
  const refuse = (problem: string): never => {
    throw new ExportError('invalid-policy', `The policy of output "${name}" ${problem}.`);
  };
  const unknown = members.find((index) => values[index] === undefined);
  if (unknown !== undefined)
    refuse(`names member ${unknown}; there are ${values.length}: use 0 … ${values.length - 1}`);
  if (weights.length !== members.length)
    refuse(`has ${weights.length} weights for ${members.length} members; give one each`);
  const { shape } = values[0]!;
  if (shape.length < 2)
    refuse('is for an output without an axis after the batch; reshape it to [batch, 1]');
  if (kind === 'multi-label') refuse('is of kind "multi-label", which the graph cannot combine');
  if (kind !== 'regression' && (shape.at(-1) as number) < 2)
    refuse(
      `is of kind "${kind}", but there is one value per row; use kind "regression", or two classes`,
    );
}

const bundleDtypes: ReadonlySet<string> = new Set([
  'float32',
  'int32',
  'int64',
  'bool',
  'uint8',
  'float16',
]);

function bundleTensor(name: string, value: Value): BundleTensor {
  const shape = physicalShape(value);
  if (!bundleDtypes.has(value.dtype))
    throw new ExportError(
      'invalid-option',
      `"${name}" has dtype ${value.dtype}, which a bundle cannot carry.`,
    );
  return { name, dtype: value.dtype as BundleDType, shape: batchFirst(name, shape) };
}

function batchFirst(name: string, shape: Shape): readonly (number | null)[] {
  const [batch, ...rest] = shape;
  if (batch === BATCH && rest.every((dim) => typeof dim === 'number')) return [null, ...rest];
  throw new ExportError(
    'invalid-option',
    `"${name}" has shape [${shape.join(', ')}]; a bundle needs the batch as its only unknown dimension. Build the model with an exact input shape and no batch size.`,
  );
}
