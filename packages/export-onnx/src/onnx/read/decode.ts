import type { Attribute, FunctionDefinition, Graph, Model, Node } from '../model.ts';
import { decodeAttribute } from './decode-attribute.ts';
import { decodeTensor } from './decode-tensor.ts';
import { decodeValue } from './decode-value.ts';
import * as wire from './fields.ts';
import { invalid } from './wire-reader.ts';

// Protobuf readers stop at a hundred nested messages; a graph within a graph takes three.
const MAX_DEPTH = 32;

/**
 * ModelProto. What has no place in `Model` (documentation, training info, fields of later versions) is carried along as it
 * stood. Weights stay views of `bytes`. Throws `ExportError`: `invalid-onnx` for bytes that are not an ONNX model or contradict
 * themselves, `too-large` for more nodes and names than any model has.
 */
export function decodeModel(bytes: Uint8Array): Model {
  const budget = wire.createBudget();
  const fields = wire.fieldsOf(bytes, budget);
  const graph = wire.one(fields, 7);
  if (graph === undefined) throw invalid('it holds no graph');
  const { '': opset = 0, ...otherOpsets } = opsetsOf(fields, budget);
  return {
    irVersion: wire.number(fields, 1) ?? 0,
    opset,
    ...(Object.keys(otherOpsets).length > 0 && { otherOpsets }),
    producerName: wire.text(fields, 2),
    producerVersion: wire.text(fields, 3),
    metadata: Object.fromEntries(
      wire.many(fields, 14).map((entry) => {
        const pair = wire.fieldsOf(entry, budget);
        return [wire.text(pair, 1), wire.text(pair, 2)];
      }),
    ),
    graph: decodeGraph(graph, budget, 0),
    ...some(
      'functions',
      wire.many(fields, 25).map((entry) => decodeFunction(entry, budget)),
    ),
    ...carried(fields, [1, 2, 3, 7, 8, 14, 25]),
  };
}

function opsetsOf(fields: wire.Fields, budget: wire.Budget): Record<string, number> {
  return Object.fromEntries(
    wire.many(fields, 8).map((entry) => {
      const opset = wire.fieldsOf(entry, budget);
      const version = wire.number(opset, 2) ?? 0;
      if (!Number.isSafeInteger(version) || version < 0)
        throw invalid(`operators of "${wire.text(opset, 1)}" have version ${version}`);
      return [wire.text(opset, 1), version];
    }),
  );
}

function decodeGraph(message: Uint8Array, budget: wire.Budget, depth: number): Graph {
  if (depth > MAX_DEPTH) throw invalid(`graphs are nested deeper than ${MAX_DEPTH}`);
  const fields = wire.fieldsOf(message, budget);
  const values = (field: number): Graph['inputs'] =>
    wire.many(fields, field).map((value) => decodeValue(value, budget));
  const tensors = wire.many(fields, 5).map((bytes) => ({ bytes, ...decodeTensor(bytes, budget) }));
  const sparse = wire.many(fields, 15).map((bytes) => {
    const elements = wire.one(wire.fieldsOf(bytes, budget), 1) ?? new Uint8Array();
    return { name: decodeTensor(elements, budget).name, isSparse: true, bytes };
  });
  return {
    name: wire.text(fields, 2),
    inputs: values(11),
    outputs: values(12),
    nodes: wire.many(fields, 1).map((node) => decodeNode(node, budget, depth)),
    initializers: tensors.flatMap(({ name, data, rest }) =>
      data === undefined ? [] : [{ name, data, ...(rest && { rest }) }],
    ),
    ...some('storedInitializers', [
      ...tensors.flatMap(({ name, data, bytes, externalBytes }) =>
        data === undefined
          ? [
              {
                name,
                isSparse: false,
                bytes,
                ...(externalBytes !== undefined && { externalBytes }),
              },
            ]
          : [],
      ),
      ...sparse,
    ]),
    valueInfo: values(13),
    ...carried(fields, [1, 2, 5, 11, 12, 13, 15]),
  };
}

function decodeNode(message: Uint8Array, budget: wire.Budget, depth: number): Node {
  const fields = wire.fieldsOf(message, budget);
  const name = wire.text(fields, 3);
  const domain = wire.text(fields, 7);
  const attributes = new Map<string, Attribute>();
  for (const entry of wire.many(fields, 5)) {
    const decoded = decodeAttribute(entry, budget, (graph) =>
      decodeGraph(graph, budget, depth + 1),
    );
    if (attributes.has(decoded.name))
      throw invalid(`node "${name}" has the attribute "${decoded.name}" twice`);
    attributes.set(decoded.name, decoded.attribute);
  }
  return {
    name,
    opType: wire.text(fields, 4),
    ...(domain !== '' && { domain }),
    inputs: wire.texts(fields, 1),
    outputs: wire.texts(fields, 2),
    attributes: Object.fromEntries(attributes),
    ...carried(fields, [1, 2, 3, 4, 5, 7]),
  };
}

function decodeFunction(message: Uint8Array, budget: wire.Budget): FunctionDefinition {
  const fields = wire.fieldsOf(message, budget);
  return {
    name: wire.text(fields, 1),
    domain: wire.text(fields, 10),
    inputs: wire.texts(fields, 4),
    outputs: wire.texts(fields, 5),
    nodes: wire.many(fields, 7).map((node) => decodeNode(node, budget, 0)),
    ...carried(fields, [1, 4, 5, 7, 10]),
  };
}

function carried(fields: wire.Fields, read: readonly number[]): { readonly rest?: Uint8Array } {
  const rest = wire.without(fields, read);
  return rest === undefined ? {} : { rest };
}

/** `{ [key]: list }`, or nothing for an empty list. */
function some<K extends string, T>(
  key: K,
  list: readonly T[],
): Readonly<Partial<Record<K, readonly T[]>>> {
  return (list.length === 0 ? {} : { [key]: list }) as Partial<Record<K, readonly T[]>>;
}
