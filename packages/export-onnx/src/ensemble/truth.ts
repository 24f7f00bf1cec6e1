import {
  openInferenceDatatypes,
  type BundleDType,
  type BundleManifest,
  type BundleOutput,
  type BundlePrecision,
  type BundleTensor,
  type OpenInferenceTensor,
  type SmokeTest,
} from '@snapshot-ensemble/ensemble-bundle';
import type { KnownOptions } from '@snapshot-ensemble/options';
import { ExportError } from '../errors.ts';
import type { HostTensor, HostTensors } from '../parity/compare.ts';
import { ensembleAnswers } from './answers.ts';
import { checkKinds } from './check-kinds.ts';

export interface SmokeOptions {
  /** The request, by input name; a row or two suffice. Or a function that makes it from the bundle's inputs. */
  readonly inputs: HostTensors | ((inputs: readonly BundleTensor[]) => HostTensors);
  /**
   * What each member answers to it, in the order of the members exported, by output name: from the model itself, never from the graph
   * that is being exported.
   */
  readonly predictMembers: (
    inputs: HostTensors,
    bundle: {
      readonly inputs: readonly BundleTensor[];
      /** Names of the predictions, in the order of the model's outputs. */
      readonly outputs: readonly string[];
    },
  ) => readonly HostTensors[] | Promise<readonly HostTensors[]>;
  /** How far the bundle may be off. Default 1e-5, at reduced precision more: float16 2e-3, int8 0.1. */
  readonly absolute?: number;
  /** Default 1e-4, at reduced precision 1e-2. */
  readonly relative?: number;
}

/** Every option of a smoke test. */
export const knownSmokeOptions: KnownOptions<SmokeOptions> = {
  ...{ inputs: true, predictMembers: true, absolute: true, relative: true },
};

type DescribedBundle = Pick<
  BundleManifest,
  'name' | 'inputs' | 'outputs' | 'policy' | 'members' | 'precision'
>;

const absolutes: Readonly<Record<BundlePrecision, number>> = {
  float32: 1e-5,
  float16: 2e-3,
  'int8-dynamic': 0.1,
  'int8-static': 0.1,
};

/**
 * The smoke request and the answer that ensemble-math makes of the members' own answers. Throws `ExportError('invalid-policy')` where the
 * members give what the policy's kind rules out.
 */
export async function smokeTestOf(
  described: DescribedBundle,
  options: SmokeOptions,
): Promise<SmokeTest> {
  const { name, inputs, outputs, policy, members, precision } = described;
  const { absolute = absolutes[precision], relative = precision === 'float32' ? 1e-4 : 1e-2 } =
    options;
  const rows = typeof options.inputs === 'function' ? options.inputs(inputs) : options.inputs;
  const request = inputs.map((input) => {
    const given = rows[input.name];
    if (given === undefined)
      throw new ExportError(
        'invalid-option',
        `smoke.inputs has no "${input.name}". Give a row or two for each input: ${inputs.map((each) => each.name).join(', ')}.`,
      );
    return openInferenceTensor(input.name, input.dtype, given);
  });
  const answers = await options.predictMembers(rows, { inputs, outputs: predictions(outputs) });
  checkAnswers(answers, outputs, members.length);
  checkKinds(policy, answers);
  const expected = ensembleAnswers({ outputs, policy }, answers);
  return {
    request: { inputs: request },
    expected: {
      model_name: name,
      outputs: outputs
        // Members are as large as all else together, and right where their mean is.
        .filter(({ role }) => role !== 'members')
        .filter(({ role }) => precision === 'float32' || !decides.has(role))
        .map((output) => openInferenceTensor(output.name, output.dtype, expected[output.name]!)),
      parameters: { absolute, relative },
    },
  };
}

/** Outputs that are yes or no: at reduced precision a row near the threshold may fall to the other side. */
const decides: ReadonlySet<BundleOutput['role']> = new Set(['conformal_set', 'abstain']);

function predictions(outputs: readonly BundleOutput[]): readonly string[] {
  return outputs.filter(({ role }) => role === 'prediction').map(({ name }) => name);
}

function checkAnswers(
  answers: readonly HostTensors[],
  outputs: readonly BundleOutput[],
  count: number,
): void {
  const names = predictions(outputs);
  const isComplete = answers.every((answer) => names.every((name) => Object.hasOwn(answer, name)));
  if (answers.length === count && isComplete) return;
  throw new ExportError(
    'invalid-option',
    `smoke.predictMembers gave ${answers.length} answers with outputs ${Object.keys(answers[0] ?? {}).join(', ') || 'none'}; it must give one for each of the ${count} members, with outputs ${names.join(', ')}.`,
  );
}

function openInferenceTensor(
  name: string,
  dtype: BundleDType,
  { data, shape }: HostTensor,
): OpenInferenceTensor {
  const values = Array.from(data, (value) => (dtype === 'bool' ? value !== 0 : value));
  return { name, shape: [...shape], datatype: openInferenceDatatypes[dtype], data: values };
}
