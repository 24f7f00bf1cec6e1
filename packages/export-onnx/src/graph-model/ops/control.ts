import { plain } from '../../graph/layout.ts';
import { cast } from '../../graph/ops.ts';
import { Refusal } from '../../graph/refusal.ts';
import type { Value } from '../../graph/value.ts';
import { input, plainOf, type OpCall, type OpConverter, type OpConverters } from '../op.ts';
import type { Dim, Shape } from '../../onnx/model.ts';
import type { Scope, Tensor } from '../tensor.ts';
import { tensorOf } from '../tensor.ts';

const same: OpConverter = (call) => input(call, 0);

/** Where one branch knows a dimension that the other does not, nobody does. */
function common(call: OpCall, a: Shape, b: Shape): Shape {
  if (a.length !== b.length)
    throw new Refusal('its branches give tensors of different ranks', 'Convert the model again.');
  return a.map((dim, axis): Dim => (dim === b[axis] ? dim : call.dims.unknown('branch')));
}

function inside(call: OpCall, graph: Scope['graph']): Scope {
  return { graph, dims: call.dims.inner() };
}

// Y = If(condition), each branch a graph that sees the values around it   (opset 16)
const branch: OpConverter = (call) => {
  const { attributes, graph } = call;
  const [yes, no] = ['then_branch', 'else_branch'].map((name) => call.func(attributes.func(name)));
  const inputs = call.inputs.slice(1);
  const decided = input(call, 0).known?.[0];
  if (typeof decided === 'number')
    return call.callFunction(decided === 0 ? no! : yes!, inputs, call.scope);
  const results: Value[][] = [];
  const bodies = [yes!, no!].map((spec, index) =>
    graph.body(index === 0 ? 'then' : 'else', [], (inner) => {
      const scope = inside(call, inner);
      const outputs = call
        .callFunction(spec, inputs, scope)
        .map((tensor) => plain(inner, tensor.value(scope)));
      results.push(outputs);
      return outputs;
    }),
  );
  const [then, other] = results as [Value[], Value[]];
  if (then.length !== other.length)
    throw new Refusal('its branches differ', 'Convert the model again.');
  const specs = then.map(({ dtype, shape }, index) => {
    if (other[index]!.dtype !== dtype)
      throw new Refusal('its branches give different types', 'Convert the model again.');
    return { dtype, shape: common(call, shape, other[index]!.shape) };
  });
  const condition = plainOf(call, 0);
  const attribute = (index: number) => ({ type: 'graph', value: bodies[index]! }) as const;
  return graph
    .node('If', [cast(graph, condition, 'bool')], specs, {
      then_branch: attribute(0),
      else_branch: attribute(1),
    })
    .map(tensorOf);
};

/** A value that the loop changes: nothing of it is known but type and shape. */
interface Carried {
  readonly dtype: Value['dtype'];
  readonly shape: Shape;
}

// Bodies are converted until the shapes that go in are those that come out.
const MOST_TRIES = 4;

// Y = Loop(M, condition, X), the condition computed at the end of each round   (opset 16)
const loop: OpConverter = (call) => {
  const { attributes, graph } = call;
  const [condition, body] = ['cond', 'body'].map((name) => call.func(attributes.func(name)));
  const given = call.inputs.map((tensor) => plain(graph, tensor.value(call.scope)));
  let carried: readonly Carried[] = given.map(({ dtype, shape }) => ({ dtype, shape }));
  const isGoing = (inputs: readonly Tensor[], scope: Scope): Value => {
    const [first] = call.callFunction(condition!, inputs, scope);
    if (first === undefined)
      throw new Refusal('its condition gives nothing', 'Convert the model again.');
    return cast(scope.graph, plain(scope.graph, first.value(scope)), 'bool');
  };
  for (let tries = 0; tries < MOST_TRIES; tries++) {
    let after: readonly Carried[] = carried;
    const ports = [
      { dtype: 'int64', shape: [] },
      { dtype: 'bool', shape: [] },
      ...carried,
    ] as const;
    const made = graph.body('loop', ports, (inner, received) => {
      const scope = inside(call, inner);
      received.forEach((value) => {
        scope.dims.notice(value);
      });
      const results = call.callFunction(body!, received.slice(2).map(tensorOf), scope);
      if (results.length !== carried.length)
        throw new Refusal('its body gives other values', 'Convert the model again.');
      const values = results.map((tensor) => plain(inner, tensor.value(scope)));
      after = values;
      return [isGoing(values.map(tensorOf), scope), ...values];
    });
    const joined = carried.map(({ dtype, shape }, index) => {
      const next = after[index]!;
      if (next.dtype !== dtype)
        throw new Refusal('its values change type', 'Convert the model again.');
      return { dtype, shape: common(call, shape, next.shape) };
    });
    if (joined.every(({ shape }, index) => shape.join() === carried[index]!.shape.join())) {
      const start = isGoing(given.map(tensorOf), call.scope);
      return graph
        .node('Loop', [undefined, start, ...given], carried, {
          body: { type: 'graph', value: made },
        })
        .map(tensorOf);
    }
    carried = joined;
  }
  throw new Refusal(
    'the shapes of its values do not settle',
    'Convert the model with exact input shapes.',
  );
};

export const passes: OpConverters = {
  FakeQuantWithMinMaxVars: same,
  Identity: same,
  IdentityN: (call) => call.inputs,
  PlaceholderWithDefault: same,
  Print: same,
  Snapshot: same,
  StopGradient: same,
};

export const controls: OpConverters = {
  If: branch,
  StatelessIf: branch,
  StatelessWhile: loop,
  While: loop,
};
