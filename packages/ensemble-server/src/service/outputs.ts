import type { BundleOutput } from '@snapshot-ensemble/ensemble-bundle';
import type { Prediction, Tensor } from '@snapshot-ensemble/ensemble-runtime';
import { wireShape, wireTypes } from '../codec/datatypes.ts';
import { badRequest } from '../errors.ts';
import type { OutputTensor, RequestedOutput } from '../protocol/messages.ts';
import type { Model } from '../repository/model.ts';
import type { OutputPlan } from './output-plan.ts';

const LABEL_SUFFIX = '_label';
/** How many members each row's answer is made of. */
export const MEMBERS_USED = 'members_used';

export interface DescribedOutput {
  readonly name: string;
  readonly datatype: string;
  readonly shape: readonly number[];
}

/** One output of an answer: which of the graph's outputs it needs, and how it is made of them. */
interface Wish {
  readonly name: string;
  readonly needs: string | undefined;
  make(prediction: Prediction): OutputTensor;
}

/** All outputs a client may name: the graph's own, the label of each row, and how many members answered. */
export function describeOutputs(model: Model): readonly DescribedOutput[] {
  const own = model.manifest.outputs.map((output) => ({
    name: output.name,
    datatype: wireTypes[output.dtype].datatype,
    shape: wireShape(output),
  }));
  const labels = model.manifest.outputs
    .filter((output) => hasLabel(model, output))
    .map(({ name }) => ({ name: `${name}${LABEL_SUFFIX}`, datatype: 'BYTES', shape: [-1] }));
  const used = { name: MEMBERS_USED, datatype: 'INT32', shape: [-1] };
  return [...own, ...labels, ...(model.outputs.has(MEMBERS_USED) ? [] : [used])];
}

/**
 * What a request asks for, in its order. Without wishes all of the graph's outputs but the members' own. Throws
 * `ServerError('invalid-request')`.
 */
export function planOutputs(
  model: Model,
  requested: readonly RequestedOutput[] | undefined,
): OutputPlan {
  if (requested !== undefined)
    return planOf(
      model,
      requested.map((output) => wish(model, output)),
    );
  return (model.usualOutputs ??= planOf(
    model,
    model.manifest.outputs.filter(({ role }) => role !== 'members').map(graphOutput),
  ));
}

function planOf(model: Model, wishes: readonly Wish[]): OutputPlan {
  const seen = new Set<string>();
  for (const { name } of wishes) {
    if (seen.has(name)) throw badRequest(`output "${name}" is requested twice; request it once.`);
    seen.add(name);
  }
  const needed = new Set(wishes.flatMap(({ needs }) => (needs === undefined ? [] : [needs])));
  // The runtime computes one output or more; the first is as cheap as any.
  if (needed.size === 0) needed.add(model.manifest.outputs[0]!.name);
  return {
    names: [...needed],
    make: (prediction) => wishes.map((output) => output.make(prediction)),
  };
}

function wish(model: Model, { name, classes }: RequestedOutput): Wish {
  const output = model.outputs.get(name);
  if (output !== undefined)
    return classes === undefined ? graphOutput(output) : classification(model, output, classes);
  const labelled = name.endsWith(LABEL_SUFFIX)
    ? model.outputs.get(name.slice(0, -LABEL_SUFFIX.length))
    : undefined;
  if (labelled !== undefined && hasLabel(model, labelled)) return labelOutput(model, labelled);
  if (name === MEMBERS_USED) return membersUsed;
  throw badRequest(
    `model "${model.name}" has no output "${name}". Its outputs: ${describeOutputs(model)
      .map((each) => each.name)
      .join(', ')}.`,
  );
}

function graphOutput({ name, dtype }: BundleOutput): Wish {
  const { datatype } = wireTypes[dtype];
  return {
    name,
    needs: name,
    make({ outputs }) {
      const { data, dims } = outputs[name]!;
      return { name, datatype, shape: dims, data };
    },
  };
}

const membersUsed: Wish = {
  name: MEMBERS_USED,
  needs: undefined,
  make: ({ membersUsed: used }) => ({
    name: MEMBERS_USED,
    datatype: 'INT32',
    shape: [used.length],
    data: Int32Array.from(used),
  }),
};

function hasLabel({ manifest }: Model, { name, role, shape }: BundleOutput): boolean {
  const kind: string | undefined = manifest.policy[name]?.kind;
  return (
    role === 'prediction' &&
    shape.length === 2 &&
    (kind === 'probabilities' || kind === 'logits' || kind === 'binary') &&
    Object.hasOwn(manifest.labels, name)
  );
}

/** The label of the most probable class of each row. */
function labelOutput({ manifest }: Model, { name }: BundleOutput): Wish {
  const labels = manifest.labels[name]!;
  return {
    name: `${name}${LABEL_SUFFIX}`,
    needs: name,
    make({ outputs }) {
      const data = rowsOf(outputs[name]!).map((row) => labels[topClass(row)] ?? '');
      return { name: `${name}${LABEL_SUFFIX}`, datatype: 'BYTES', shape: [data.length], data };
    },
  };
}

/** Index of the largest; of a single probability, that of the positive class, whether it is above one half. */
function topClass(row: readonly number[]): number {
  if (row.length === 1) return row[0]! > 0.5 ? 1 : 0;
  return row.reduce((best, value, index) => (value > row[best]! ? index : best), 0);
}

/** Triton's classification extension: the highest classes as texts `value:index[:label]`. */
function classification(model: Model, { name, shape, role }: BundleOutput, classes: number): Wish {
  const size = shape.at(-1);
  if (classes < 1 || role !== 'prediction' || shape.length !== 2 || typeof size !== 'number')
    throw badRequest(
      `classification of output "${name}" is ${classes}; it must be a whole number from 1, of a prediction of shape [rows, classes].`,
    );
  const labels = model.manifest.labels[name];
  const most = Math.min(classes, size);
  return {
    name,
    needs: name,
    make({ outputs }) {
      const rows = rowsOf(outputs[name]!);
      const data = rows.flatMap((row) =>
        row
          .map((value, index) => ({ value, index }))
          .sort((a, b) => b.value - a.value || a.index - b.index)
          .slice(0, most)
          .map(({ value, index }) => {
            const label = labels?.[index];
            return `${value.toFixed(6)}:${index}${label === undefined ? '' : `:${label}`}`;
          }),
      );
      return { name, datatype: 'BYTES', shape: [rows.length, most], data };
    },
  };
}

function rowsOf({ data, dims }: Tensor): readonly (readonly number[])[] {
  const size = dims[1]!;
  const values = Array.from(data, Number);
  return Array.from({ length: dims[0]! }, (_, row) => values.slice(row * size, (row + 1) * size));
}
