import type { BundleManifest, BundleTensor } from '@snapshot-ensemble/ensemble-bundle';
import { bytes, count, metric } from './numbers.ts';
import { textTable } from './text-table.ts';

/** The bundle for people: what goes in, what comes out, who is in it, which files it has. */
export function bundleText(manifest: BundleManifest): string {
  const { name, form, precision, graph, opset, inputs, outputs, policy, labels, provenance } =
    manifest;
  const lines: [string, string][] = [
    ['bundle', name],
    ['form', `${form}, ${precision}, opset ${opset}`],
    ...(graph === undefined ? [] : [['graph', graph] as [string, string]]),
    ...inputs.map((input): [string, string] => ['input', tensorText(input)]),
    ...outputs.map((output): [string, string] => [
      'output',
      `${tensorText(output)}, ${output.role.replaceAll('_', ' ')}${output.of === output.name ? '' : ` of ${output.of}`}`,
    ]),
    ...Object.entries(policy).map(
      ([output, { kind, combine, members, temperature }]): [string, string] => [
        'policy',
        `${output}: ${combine} of ${count(members.length)} members, ${kind}, temperature ${metric(temperature)}`,
      ],
    ),
    ...Object.entries(labels).map(([output, names]): [string, string] => [
      'labels',
      `${output}: ${names.join(', ')}`,
    ]),
    ...Object.entries(provenance),
  ];
  const width = Math.max(...lines.map(([title]) => title.length)) + 2;
  const facts = lines.map(([title, text]) => `${title.padEnd(width)}${text}\n`).join('');
  return `${facts}\n${memberTable(manifest)}\n${fileTable(manifest)}`;
}

function tensorText({ name, dtype, shape }: BundleTensor): string {
  return `${name} ${dtype} [${shape.map((side) => side ?? 'rows').join(', ')}]`;
}

function memberTable({ members }: BundleManifest): string {
  const metrics = [...new Set(members.flatMap((member) => Object.keys(member.metrics)))];
  const rows = members.map((member) => [
    member.id,
    String(member.cycle + 1),
    count(member.step),
    ...metrics.map((name) => metric(member.metrics[name])),
  ]);
  return textTable([['member', 'cycle', 'step', ...metrics], ...rows]);
}

function fileTable({ files }: BundleManifest): string {
  const rows = Object.entries(files).map(([path, file]) => [
    path,
    bytes(file.bytes),
    file.sha256.slice(0, 12),
  ]);
  return textTable([['file', 'size', 'SHA-256 begins'], ...rows]);
}
