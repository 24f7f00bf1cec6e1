import { optimize } from '../../optimize/index.ts';
import { headGraph } from '../head.ts';
import { joined } from '../join.ts';
import { before, type Plan } from '../plan.ts';
import { stackGraphs, type NotStacked } from '../stacking/stack-graphs.ts';
import { fused, type EnsembleGraph } from './fused.ts';

export type { NotStacked } from '../stacking/stack-graphs.ts';

/** All members in one graph whose operators work on all of them; what cannot be stacked is computed member by member, and named. */
export async function stacked(
  plan: Plan,
): Promise<EnsembleGraph & { readonly notStacked: readonly NotStacked[] }> {
  const { members, policies, statistics, opset, convert } = plan;
  const stack = stackGraphs(members);
  if (typeof stack === 'string') {
    const converted = await Promise.all(members.map(async (member) => convert(member)));
    return {
      ...fused({ ...plan, members: converted }),
      notStacked: [{ node: 'all', reason: stack }],
    };
  }
  const whole = await convert(optimize(stack.graph));
  const inputs = [...policies].map(([name, policy], output) => ({
    name,
    policy,
    parts: [{ info: whole.outputs[output]!, isStack: true }],
  }));
  const head = headGraph(inputs, statistics, opset);
  return {
    graph: joined('ensemble', [...before(plan), whole, head.graph], head.graph.outputs),
    outputs: head.outputs,
    notStacked: stack.notStacked,
  };
}
