import type { Graph, Initializer, Node, Shape, ValueInfo } from '../../onnx/model.ts';
import type { TensorData } from '../../onnx/tensor-data.ts';
import { subgraphs } from '../../optimize/graph-uses.ts';
import { toStack, type Emitter, type Form } from './form.ts';
import { memberByMember } from './member-by-member.ts';
import { stackingRules } from './rules.ts';
import { areEqual } from './stack-constants.ts';
import type { Operand, Step } from './step.ts';

/** A node that the members compute one by one, and why. */
export interface NotStacked {
  readonly node: string;
  readonly reason: string;
}

export interface StackedGraph {
  /** Gives each output of the members stacked, `[batch, members, …]`, under the name `stacked/<output>`. */
  readonly graph: Graph;
  readonly notStacked: readonly NotStacked[];
}

/** Members of one structure as one graph whose operators work on all of them, or why they are not of one structure. */
export function stackGraphs(members: readonly Graph[]): StackedGraph | string {
  const difference = differenceOf(members);
  if (difference !== undefined) return difference;
  const [first] = members as readonly [Graph];
  const building = emitterOf(members.length);
  const { emitter } = building;
  const constants = members.map(
    ({ initializers }) => new Map(initializers.map(({ name, data }) => [name, data])),
  );
  const shapes = new Map(
    [...first.inputs, ...first.valueInfo, ...first.outputs].map((info) => [info.name, info.shape]),
  );
  const forms = new Map<string, Form>(
    first.inputs.map(({ name, shape }) => [name, { kind: 'shared', name, shape: shape! }]),
  );
  const notStacked: NotStacked[] = [];
  first.nodes.forEach((node, index) => {
    building.scope(node.name);
    const step: Step = {
      node,
      emitter,
      shape: shapes.get(node.outputs[0]!),
      inputs: node.inputs.map((name, position): Operand | undefined => {
        if (name === '') return undefined;
        const form = forms.get(name);
        if (form !== undefined) return { form };
        return {
          constants: members.map((member, at) =>
            constants[at]!.get(member.nodes[index]!.inputs[position]!)!,
          ),
        };
      }),
    };
    const made = stackedOnce(step);
    if (typeof made === 'string') notStacked.push({ node: node.name, reason: made });
    const results = typeof made === 'string' ? memberByMember(step) : made;
    node.outputs.forEach((name, output) => {
      const form = results[output]!;
      const shape: Shape | undefined = shapes.get(name);
      forms.set(name, shape === undefined ? form : { ...form, shape });
    });
  });
  building.scope('stacked');
  const outputs = first.outputs.map(({ name, dtype, shape }): ValueInfo => {
    const stack = toStack(emitter, forms.get(name)!);
    const given = `stacked/${name}`;
    building.put({
      name: given,
      opType: 'Identity',
      inputs: [stack],
      outputs: [given],
      attributes: {},
    });
    return { name: given, dtype, shape: [shape![0]!, members.length, ...shape!.slice(1)] };
  });
  return {
    graph: {
      name: 'stacked',
      inputs: first.inputs,
      outputs,
      nodes: building.nodes,
      initializers: building.initializers,
      valueInfo: [],
    },
    notStacked,
  };
}

/** The node for all members, or why it must be one for each. */
function stackedOnce(step: Step): readonly Form[] | string {
  const { node, inputs, shape, emitter } = step;
  if (inputs.every(isShared)) {
    // Weights and inputs are everyone's, so the result is.
    const names = emitter.nodes(
      node.opType,
      inputs.map((operand) => nameOf(emitter, operand)),
      node.outputs.length,
      node.attributes,
    );
    return names.map((name) => ({ kind: 'shared', name, shape: shape ?? [] }));
  }
  const rule = stackingRules.get(node.opType);
  if (rule === undefined || (node.domain ?? '') !== '')
    return `${node.opType} has no form that works on several members`;
  const form = rule(step);
  return typeof form === 'string' ? form : [form];
}

function isShared(operand: Operand | undefined): boolean {
  if (operand === undefined) return true;
  return operand.form === undefined ? areEqual(operand.constants) : operand.form.kind === 'shared';
}

function nameOf(emitter: Emitter, operand: Operand | undefined): string {
  if (operand === undefined) return '';
  if (operand.form === undefined) return emitter.constant('constant', operand.constants[0]!);
  return operand.form.kind === 'apart' ? operand.form.names[0]! : operand.form.name;
}

interface Building {
  readonly emitter: Emitter;
  readonly nodes: Node[];
  readonly initializers: Initializer[];
  scope(name: string): void;
  put(node: Node): void;
}

function emitterOf(members: number): Building {
  const nodes: Node[] = [];
  const initializers: Initializer[] = [];
  const taken = new Set<string>();
  let scope = '';
  const unique = (name: string): string => {
    let free = `${scope}/${name}`;
    for (let count = 1; taken.has(free); count++) free = `${scope}/${name}_${count}`;
    taken.add(free);
    return free;
  };
  const many: Emitter['nodes'] = (opType, inputs, count, attributes = {}) => {
    const name = unique(opType);
    const outputs = Array.from({ length: count }, (_, index) =>
      index === 0 ? name : unique(`${opType}_output${index}`),
    );
    nodes.push({ name, opType, inputs: withoutTail(inputs), outputs, attributes });
    return outputs;
  };
  return {
    nodes,
    initializers,
    scope: (name) => {
      scope = name;
    },
    put: (node) => {
      nodes.push(node);
    },
    emitter: {
      members,
      opened: new Map(),
      constant(name, data: TensorData) {
        const given = unique(name);
        initializers.push({ name: given, data });
        return given;
      },
      nodes: many,
      node: (opType, inputs, attributes) => many(opType, inputs, 1, attributes)[0]!,
    },
  };
}

/** Optional inputs at the end need no place. */
function withoutTail(inputs: readonly string[]): readonly string[] {
  const last = inputs.findLastIndex((name) => name !== '');
  return inputs.slice(0, last + 1);
}

/** Where the members' graphs are not the same but for names and constants. */
function differenceOf([first, ...others]: readonly Graph[]): string | undefined {
  const constants = constantShapes(first!);
  for (const [index, other] of others.entries()) {
    const member = `member ${index + 1}`;
    if (other.nodes.length !== first!.nodes.length)
      return `${member} has ${other.nodes.length} operators, member 0 has ${first!.nodes.length}`;
    const own = constantShapes(other);
    // Layers may have other names in each member: what counts is what feeds what.
    const names = new Map(other.inputs.map(({ name }, at) => [name, first!.inputs[at]!.name]));
    for (const [at, node] of first!.nodes.entries()) {
      const same = other.nodes[at]!;
      const isAlike =
        same.opType === node.opType &&
        same.outputs.length === node.outputs.length &&
        same.inputs.length === node.inputs.length &&
        JSON.stringify(same.attributes) === JSON.stringify(node.attributes) &&
        node.inputs.every((name, place) => {
          const theirs = same.inputs[place]!;
          const shape = constants.get(name);
          return shape === undefined
            ? (names.get(theirs) ?? theirs) === name
            : own.get(theirs) === shape;
        });
      if (!isAlike)
        return `operator ${same.name} of ${member} is another than ${node.name} of member 0`;
      same.outputs.forEach((name, output) => names.set(name, node.outputs[output]!));
    }
  }
  // Graphs inside nodes see constants that would have to be found in there.
  const inner = first!.nodes.find((node) => subgraphs(node).length > 0);
  return inner === undefined ? undefined : `operator ${inner.name} holds a graph of its own`;
}

function constantShapes({ initializers }: Graph): ReadonlyMap<string, string> {
  return new Map(
    initializers.map(({ name, data }) => [name, `${data.dtype} ${data.shape.join()}`]),
  );
}
