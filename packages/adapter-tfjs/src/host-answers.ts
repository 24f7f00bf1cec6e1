import type { MemberOutputs } from './member-model.ts';
import type { Inputs, Tensor, Tf } from './tf.ts';

/** Rows outside TensorFlow.js, by name: values, and their shape with rows first. */
export type HostRows = Readonly<
  Record<
    string,
    { readonly data: Float32Array | Int32Array | Uint8Array; readonly shape: readonly number[] }
  >
>;

/** Names of the inputs and outputs, in the model's order. */
export interface AnswerNames {
  readonly inputs: readonly { readonly name: string }[];
  readonly outputs: readonly string[];
}

/** Runs with the rows as tensors, which are freed afterwards. Throws `RangeError` for an input that is missing. */
export async function withTensors<T>(
  tf: Tf,
  rows: HostRows,
  names: AnswerNames['inputs'],
  use: (inputs: Inputs) => Promise<T>,
): Promise<T> {
  const tensors: Tensor[] = [];
  try {
    for (const { name } of names) {
      const given = rows[name];
      if (given === undefined)
        throw new RangeError(
          `answers: the rows have no "${name}"; they have ${Object.keys(rows).join(', ') || 'nothing'}. Give every input of the model.`,
        );
      const dtype = given.data instanceof Float32Array ? 'float32' : 'int32';
      tensors.push(tf.tensor(given.data, [...given.shape], dtype));
    }
    return await use(tensors.length === 1 ? tensors[0]! : tensors);
  } finally {
    tf.dispose(tensors);
  }
}

/** By member, then by the name of the output; given by output, then by member. */
export function namedByMember(
  byOutput: readonly (readonly MemberOutputs[])[],
  names: readonly string[],
): readonly Readonly<Record<string, MemberOutputs>>[] {
  if (names.length !== byOutput.length)
    throw new RangeError(
      `answers: got ${names.length} names of outputs (${names.join(', ')}); the model has ${byOutput.length}.`,
    );
  return byOutput[0]!.map((_, member) =>
    Object.fromEntries(names.map((name, index) => [name, byOutput[index]![member]!])),
  );
}
