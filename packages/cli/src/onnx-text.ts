import type { DeclaredTensor, OnnxSummary } from '@snapshot-ensemble/export-onnx';
import { bytes, count } from './numbers.ts';
import { textTable } from './text-table.ts';

/** An ONNX file for people: what goes in and out, its operators, and whose weights take how much. */
export function onnxText(file: OnnxSummary, size: number): string {
  const { producerName, irVersion, opsets, inputs, outputs, nodes, metadata } = file;
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
  return `${facts}\n${operatorTable(nodes)}\n${weightTable(file.weights)}`;
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

/** By member, where names are an ensemble's: what members share is counted with the first. */
function weightTable(weights: OnnxSummary['weights']): string {
  const parts = new Map<string, { tensors: number; size: number }>();
  for (const { name, bytes: size } of weights) {
    const [scope = ''] = /^(?:m\d+|ensemble|preprocess)(?=\/)/.exec(name) ?? [];
    const part = parts.get(scope) ?? { tensors: 0, size: 0 };
    parts.set(scope, { tensors: part.tensors + 1, size: part.size + size });
  }
  const rows = [...parts].map(([scope, { tensors, size }]) => [
    scope === '' ? 'the graph' : scope,
    count(tensors),
    bytes(size),
  ]);
  return textTable([['weights of', 'tensors', 'size'], ...rows]);
}
