import type { Graph } from '../../onnx/model.ts';
import { joined } from '../join.ts';
import { before, type Plan } from '../plan.ts';

/** One graph a member, whose outputs are the member's own. */
export function separate(plan: Plan): readonly Graph[] {
  return plan.members.map((graph, index) =>
    joined(`member-${index}`, [...before(plan), graph], graph.outputs),
  );
}
