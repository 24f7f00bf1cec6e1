import type { OpenInferenceTensor, SmokeTest } from './smoke.ts';

/** How one expected output compares: `problem` is undefined where it agrees. */
export interface AnswerComparison {
  readonly output: string;
  readonly largestDifference: number;
  readonly problem: string | undefined;
}

/**
 * Compares an answer with the one a bundle expects, output by output: same datatype and shape, every element within the
 * tolerance. Outputs that were not expected are ignored.
 */
export function compareAnswer(
  expected: SmokeTest['expected'],
  outputs: readonly OpenInferenceTensor[],
): readonly AnswerComparison[] {
  const byName = new Map(outputs.map((output) => [output.name, output]));
  return expected.outputs.map((want) =>
    compareOutput(want, byName.get(want.name), expected.parameters),
  );
}

function compareOutput(
  want: OpenInferenceTensor,
  came: OpenInferenceTensor | undefined,
  { absolute, relative }: SmokeTest['expected']['parameters'],
): AnswerComparison {
  const failed = (problem: string): AnswerComparison => ({
    output: want.name,
    largestDifference: Infinity,
    problem,
  });
  if (came === undefined) return failed('missing from the answer');
  if (came.datatype !== want.datatype)
    return failed(`${came.datatype} instead of ${want.datatype}`);
  if (came.shape.join() !== want.shape.join() || came.data.length !== want.data.length)
    return failed(`shape [${came.shape.join(', ')}] instead of [${want.shape.join(', ')}]`);
  let largestDifference = 0;
  let problem: string | undefined;
  want.data.forEach((value, index) => {
    const target = Number(value);
    const difference = Math.abs(Number(came.data[index]) - target);
    // NaN fails every comparison, so ask for what must hold.
    if (!(difference <= absolute + relative * Math.abs(target)))
      problem ??= `element ${index} is ${String(came.data[index])} instead of ${target}`;
    largestDifference = Math.max(
      largestDifference,
      Number.isNaN(difference) ? Infinity : difference,
    );
  });
  return { output: want.name, largestDifference, problem };
}
