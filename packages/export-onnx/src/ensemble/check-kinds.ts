import type { EnsemblePolicy, OutputKind } from '@snapshot-ensemble/ensemble-math';
import { ExportError } from '../errors.ts';
import type { HostTensor, HostTensors } from '../parity/compare.ts';

// Float32 sums of a softmax over a thousand classes are this close to 1.
const SUM_TOLERANCE = 1e-3;

/** Refuses a kind that the values the members really gave rule out. Throws `ExportError('invalid-policy')`. */
export function checkKinds(
  policies: Readonly<Record<string, EnsemblePolicy>>,
  answers: readonly HostTensors[],
): void {
  for (const [name, { kind }] of Object.entries(policies))
    for (const [index, answer] of answers.entries()) {
      const problem = problemOf(kind, answer[name]!);
      if (problem !== undefined)
        throw new ExportError(
          'invalid-policy',
          `The policy of output "${name}" is of kind "${kind}", but member ${index} gives ${problem}.`,
        );
    }
}

function problemOf(kind: OutputKind, { data, shape }: HostTensor): string | undefined {
  const classes = shape.at(-1)!;
  const isUnit = data.every((value) => value >= 0 && value <= 1);
  const outside = (): string => String(data.find((value: number) => !(value >= 0 && value <= 1)));
  switch (kind) {
    case 'probabilities':
      if (!isUnit) return `${outside()}, which is not a probability: use kind "logits"`;
      return isDistribution(data, classes)
        ? undefined
        : 'rows that do not sum to 1: use kind "multi-label" for independent probabilities';
    case 'logits':
      return isUnit && isDistribution(data, classes)
        ? 'rows of probabilities that sum to 1, so the softmax would be taken twice: use kind "probabilities"'
        : undefined;
    case 'binary':
    case 'multi-label':
      return isUnit
        ? undefined
        : `${outside()}, which is not a probability: name the output in sigmoidOutputs, and the graph adds the sigmoid`;
    case 'regression':
      return undefined;
  }
}

function isDistribution(data: HostTensor['data'], classes: number): boolean {
  for (let start = 0; start < data.length; start += classes) {
    let sum = 0;
    for (let at = start; at < start + classes; at++) sum += data[at]!;
    if (!(Math.abs(sum - 1) <= SUM_TOLERANCE)) return false;
  }
  return true;
}
