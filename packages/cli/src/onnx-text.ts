import type { DeclaredTensor, OnnxSummary } from '@snapshot-ensemble/export-onnx';
import { bytes, count } from './numbers.ts';
import { textTable } from './text-table.ts';

/** An ONNX file for people: what goes in and out, its operators, whose weights take how much, and which of them members share. */
export function onnxText(file: OnnxSummary, size: number): string {
  const { producerName, irVersion, opsets, inputs, outputs, metadata } = file;
  const versions = Object.entries(opsets).map(([domain, version]) =>
    domain === '' ? `opset ${version}` : `${domain} ${version}`,
  );
  const lines: (readonly [string, string])[] = [
    [
      'file',
      `${bytes(size)}, ${versions.join(', ')}, IR ${irVersion}, by ${producerName || 'unknown'}`,
    ],
    ...inputs.map((input) => ['input', tensorText(input)] as const),
    ...outputs.map((output) => ['output', tensorText(output)] as const),
    ...Object.entries(metadata),
  ];
  const width = Math.max(...lines.map(([title]) => title.length)) + 2;
  const facts = lines.map(([title, text]) => `${title.padEnd(width)}${text}\n`).join('');
  return `${facts}\n${graphText(file)}`;
}

/** What a graph is made of. */
function graphText(file: Pick<OnnxSummary, 'weights' | 'nodes'>): string {
  return `${operatorTable(file.nodes)}\n${weightTable(file)}`;
}

/** The graphs of a bundle: how large each is, and of a single one what it is made of. */
export function graphsText(graphs: Readonly<Record<string, OnnxSummary>>): string {
  const all = Object.entries(graphs);
  const rows = all.map(([path, { nodes, weights }]) => [
    path,
    count(nodes.length),
    bytes(weights.reduce((sum, weight) => sum + weight.bytes, 0)),
  ]);
  const table = textTable([['graph', 'operators', 'weights'], ...rows]);
  return all.length === 1 ? `${table}\n${graphText(all[0]![1])}` : table;
}

function tensorText({ name, shape }: DeclaredTensor): string {
  return `${name} [${shape?.join(', ') ?? 'of any shape'}]`;
}

function operatorTable(nodes: OnnxSummary['nodes']): string {
  const counts = new Map<string, number>();
  for (const { opType } of nodes) counts.set(opType, (counts.get(opType) ?? 0) + 1);
  const rows = [...counts].sort(([, a], [, b]) => b - a).map(([op, times]) => [op, count(times)]);
  return textTable([['operator', 'times'], ...rows, ['all', count(nodes.length)]]);
}

/** By member, where names are an ensemble's; what several members use is stored and computed once. */
function weightTable({ weights, nodes }: Pick<OnnxSummary, 'weights' | 'nodes'>): string {
  const { all, of } = membersOfValues(nodes);
  const titleOf = (name: string): string => {
    const members = of(name);
    if (members.size === all && all > 1) return 'all members';
    if (members.size > 1) return [...members].join(', ');
    const [scope = 'the graph'] = /^(?:m\d+|ensemble|preprocess)(?=\/)/.exec(name) ?? [];
    return [...members][0] ?? scope;
  };
  const parts = new Map<string, { tensors: number; size: number }>();
  for (const { name, bytes: size } of weights) {
    const title = titleOf(name);
    const part = parts.get(title) ?? { tensors: 0, size: 0 };
    parts.set(title, { tensors: part.tensors + 1, size: part.size + size });
  }
  const rows = [...parts].map(([title, { tensors, size }]) => [title, count(tensors), bytes(size)]);
  return textTable([['weights of', 'tensors', 'size'], ...rows]);
}

/** Which members a value goes into: those whose nodes take it, or what is made of it. */
function membersOfValues(nodes: OnnxSummary['nodes']): {
  readonly all: number;
  readonly of: (value: string) => ReadonlySet<string>;
} {
  const values = new Map<string, Set<string>>();
  const all = new Set<string>();
  for (const { name, inputs, outputs } of nodes.toReversed()) {
    const [member] = /^m\d+(?=\/)/.exec(name) ?? [];
    if (member !== undefined) all.add(member);
    const into = [...(member === undefined ? [] : [member]), ...outputs.flatMap(after)];
    for (const input of inputs) values.set(input, new Set([...after(input), ...into]));
  }
  return { all: all.size, of: (value) => values.get(value) ?? new Set() };

  function after(value: string): readonly string[] {
    return [...(values.get(value) ?? [])];
  }
}
