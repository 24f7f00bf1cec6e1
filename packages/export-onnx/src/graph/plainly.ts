import type { GraphBuilder } from './builder.ts';
import { plain } from './layout.ts';

/**
 * The same graph for who does not deal with layouts: whatever goes into a node is made plain first, so that axes mean what
 * shapes say, and what comes out is plain.
 */
export function plainly({ stored }: GraphBuilder): GraphBuilder {
  const node: GraphBuilder['node'] = (opType, inputs, outputs, attributes) =>
    stored.node(
      opType,
      inputs.map((value) => value && plain(stored, value)),
      outputs.map(({ dtype, shape }) => ({ dtype, shape })),
      attributes,
    );
  return {
    ...stored,
    stored,
    node,
    op: (opType, inputs, output, attributes) => node(opType, inputs, [output], attributes)[0]!,
    within: (scope) => plainly(stored.within(scope)),
    body: (name, inputs, build) =>
      stored.body(
        name,
        inputs.map(({ dtype, shape }) => ({ dtype, shape })),
        (graph, values) => build(plainly(graph), values),
      ),
  };
}
