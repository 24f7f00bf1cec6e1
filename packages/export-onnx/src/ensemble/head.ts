import type { EnsemblePolicy } from '@snapshot-ensemble/ensemble-math';
import type { OutputRole } from '@snapshot-ensemble/ensemble-bundle';
import { createGraphBuilder } from '../graph/builder.ts';
import { softmax } from './policy/rows.ts';
import { asOne, stackOf } from './policy/stack.ts';
import { concat } from '../graph/ops.ts';
import type { Value } from '../graph/value.ts';
import { dtypeCodes, type DType } from '../onnx/dtype.ts';
import type { Graph, ValueInfo } from '../onnx/model.ts';
import { optimize } from '../optimize/index.ts';
import { outputsOf } from './policy/outputs.ts';
import type { Statistic } from './policy/statistics.ts';

/** One output of the members and where its values are in the graphs before. */
export interface HeadInput {
  /** Name of the output. */
  readonly name: string;
  readonly policy: EnsemblePolicy;
  /** Values `[batch, …, values]` of one member, or `[batch, members, …, values]` of several, in order. */
  readonly parts: readonly { readonly info: ValueInfo; readonly isStack: boolean }[];
  /** Whether the softmax of what the parts give is still to be taken. */
  readonly isBeforeSoftmax?: boolean;
  /** Name under which all of them, stacked, are given, too. */
  readonly stateName?: string;
}

export interface HeadOutput {
  readonly name: string;
  readonly role: OutputRole;
  readonly of: string;
}

/** The graph that makes the ensemble's outputs of its members', and what its outputs say. */
export function headGraph(
  inputs: readonly HeadInput[],
  statistics: readonly Statistic[] | undefined,
  opset: number,
): { readonly graph: Graph; readonly outputs: readonly HeadOutput[] } {
  const builder = createGraphBuilder(opset);
  const outputs: HeadOutput[] = [];
  const named: (readonly [string, Value])[] = [];
  for (const { name, policy, parts, isBeforeSoftmax = false, stateName } of inputs) {
    const scope = builder.within('ensemble').within(name);
    const values = parts.map(({ info }) => builder.input(info.name, dtypeOf(info), info.shape!));
    const given = parts.some(({ isStack }) => isStack)
      ? concat(
          scope,
          values.map((value, at) => (parts[at]!.isStack ? value : asOne(scope, value))),
          1,
        )
      : stackOf(scope, values);
    const members = isBeforeSoftmax ? softmax(scope, given) : given;
    for (const { value, ...output } of outputsOf(scope, name, members, policy, statistics)) {
      outputs.push(output);
      named.push([output.name, value]);
    }
    if (stateName !== undefined) named.push([stateName, members]);
  }
  return { graph: optimize(builder.finish('ensemble', named)), outputs };
}

/** Our name of an element type that we wrote. */
export function dtypeOf({ dtype }: ValueInfo): DType {
  return (Object.keys(dtypeCodes) as DType[]).find((key) => dtypeCodes[key] === dtype)!;
}
