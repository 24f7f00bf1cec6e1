import type { Graph } from '../../onnx/model.ts';
import { joined } from '../join.ts';
import type { Plan } from '../plan.ts';

/** One graph a member, whose outputs are the member's own. */
export function separate({
  members,
  preprocess,
}: Pick<Plan, 'members' | 'preprocess'>): readonly Graph[] {
  return members.map((graph, index) =>
    joined(`member-${index}`, [...preprocess, graph], graph.outputs),
  );
}
