import type { BundleManifest } from '@snapshot-ensemble/ensemble-bundle';
import { comparisonText, type BundleComparisons } from './precision/against-float32.ts';
import { policyText } from './provenance.ts';

type DescribedBundle = Omit<BundleManifest, 'schemaVersion' | 'files'>;

/** CARD.md: what the bundle is, how it was made, how well its members do, and when not to trust it. */
export function modelCard(
  described: DescribedBundle,
  hasSmoke: boolean,
  comparisons?: BundleComparisons,
): string {
  const { name, form, precision, opset, inputs, outputs, labels, policy, members, provenance } =
    described;
  const shape = (dims: DescribedBundle['inputs'][number]['shape']): string =>
    `[${dims.map((dim) => dim ?? 'rows').join(', ')}]`;
  const list = (lines: readonly string[]): string => lines.map((line) => `- ${line}`).join('\n');
  const metrics = [...new Set(members.flatMap((member) => Object.keys(member.metrics)))];
  return `# ${name}

An ensemble of ${members.length} ${members.length === 1 ? 'member' : 'members'}, snapshots of one training run, as ONNX (form \`${form}\`, ${precision}, opset ${opset}).

## What goes in and what comes out

${list(inputs.map((input) => `input \`${input.name}\`: ${input.dtype} ${shape(input.shape)}`))}
${list(outputs.map((output) => `output \`${output.name}\`: ${output.dtype} ${shape(output.shape)}, ${output.role.replaceAll('_', ' ')}${output.of === output.name ? '' : ` of \`${output.of}\``}`))}
${Object.entries(labels)
  .map(([output, names]) => `\nClasses of \`${output}\`, in order: ${names.join(', ')}.`)
  .join('\n')}

## How it was made

${list([...Object.entries(policy).map(([output, own]) => `\`${output}\`: ${policyText(own)}`), ...Object.entries(provenance).map(([key, value]) => `${key}: ${value}`)])}

## How well it does

${memberTable(described, metrics)}

These are the figures that training gave, on its own validation rows. They are not the ensemble's: measure that on rows that neither training nor the
policy's fit has seen.${comparisonsText(described, comparisons)}

## When not to trust it

${list(warnings(described, hasSmoke))}
`;
}

function comparisonsText(
  { precision }: DescribedBundle,
  comparisons: BundleComparisons = {},
): string {
  const lines = Object.entries(comparisons).map(
    ([output, comparison]) =>
      `\n- \`${output}\`, ${precision} against float32: ${comparisonText(comparison)}.`,
  );
  return lines.length === 0 ? '' : `\n${lines.join('')}`;
}

function memberTable({ members }: DescribedBundle, metrics: readonly string[]): string {
  const rows = members.map(({ id, cycle, step, metrics: own }) => [
    id,
    String(cycle + 1),
    String(step),
    ...metrics.map((metric) => (own[metric] === undefined ? '' : String(own[metric]))),
  ]);
  const table = [
    ['member', 'cycle', 'step', ...metrics],
    ['', '', '', ...metrics].map(() => '---'),
    ...rows,
  ];
  return table.map((cells) => `| ${cells.join(' | ')} |`).join('\n');
}

function warnings(
  { policy, precision, outputs }: DescribedBundle,
  hasSmoke: boolean,
): readonly string[] {
  const policies = Object.values(policy);
  const isUncalibrated = policies.some(
    ({ kind, temperature }) => kind !== 'regression' && temperature === 1,
  );
  return [
    'On inputs unlike those it was trained on. High `mutual_information` or `variance` says that the members disagree; low values do not say that they are right.',
    ...(isUncalibrated
      ? ['Its probabilities are as trained: no temperature was fitted on held-out rows.']
      : []),
    ...(policies.some(({ conformal }) => conformal !== undefined)
      ? [
          'Its prediction sets and intervals hold the truth as often as promised only for rows like those they were fitted on.',
        ]
      : []),
    ...(outputs.some(({ role }) => role === 'abstain')
      ? ['Where `abstain` is true, it is too unsure to be used.']
      : []),
    ...(precision === 'float32'
      ? []
      : [`Its numbers are ${precision}: compare it with the float32 bundle on rows of yours.`]),
    ...(hasSmoke
      ? []
      : [
          'It carries no smoke test, so nothing here shows that the graph answers as the members did.',
        ]),
  ];
}
