import { readFile } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import * as v from 'valibot';
import { policySchema, preprocessSchema } from '@snapshot-ensemble/ensemble-bundle';
import { UsageError } from '../run-main.ts';
import { forms, kinds, precisions, type ExportFlags, type ExportSettings } from './flags.ts';

const text = v.pipe(v.string(), v.nonEmpty());
const texts = v.pipe(v.array(text), v.minLength(1));
const count = v.pipe(v.number(), v.safeInteger(), v.minValue(1));

const schema = v.strictObject({
  policy: v.exactOptional(
    v.lazy((input) => (isOnePolicy(input) ? policySchema : v.record(text, policySchema))),
  ),
  backbone: v.exactOptional(text),
  cutAt: v.exactOptional(texts),
  inputShapes: v.exactOptional(
    v.record(text, v.array(v.pipe(v.number(), v.safeInteger(), v.minValue(-1)))),
  ),
  preprocess: v.exactOptional(v.record(text, preprocessSchema)),
  statistics: v.exactOptional(
    v.array(
      v.picklist([
        'predictive_entropy',
        'expected_entropy',
        'mutual_information',
        'energy',
        'variance',
        'members',
      ]),
    ),
  ),
  sigmoidOutputs: v.exactOptional(texts),
  provenance: v.exactOptional(v.record(text, v.string())),
  memberFiles: v.exactOptional(v.boolean()),
  members: v.exactOptional(texts),
  last: v.exactOptional(count),
  best: v.exactOptional(count),
  metric: v.exactOptional(text),
  form: v.exactOptional(v.picklist(forms)),
  precision: v.exactOptional(v.picklist(precisions)),
  rows: v.exactOptional(text),
  name: v.exactOptional(text),
  kind: v.exactOptional(v.picklist(kinds)),
  labels: v.exactOptional(v.record(text, texts)),
  opset: v.exactOptional(count),
});

function isOnePolicy(input: unknown): boolean {
  return typeof (input as { readonly kind?: unknown } | null)?.kind === 'string';
}

/** What the flags and their file say together; flags win. Files that it names are taken from its own folder. Throws `UsageError`. */
export async function withConfig(flags: ExportFlags, directory: string): Promise<ExportSettings> {
  const { config, ...own } = flags;
  if (config === undefined) return own;
  const path = resolve(directory, config);
  const parsed = v.safeParse(schema, await readJson(config, path));
  if (!parsed.success) {
    const [issue] = parsed.issues;
    throw new UsageError(
      `export: --config "${config}": ${v.getDotPath(issue) ?? 'the file'} is wrong: ${issue.message}.`,
    );
  }
  const { backbone, rows, labels, ...rest } = parsed.output;
  const at = (file: string): string => resolve(dirname(path), file);
  return {
    ...rest,
    ...(backbone !== undefined && { backbone: at(backbone) }),
    ...(rows !== undefined && { rows: at(rows) }),
    ...own,
    labels: { ...labels, ...own.labels },
  };
}

async function readJson(config: string, path: string): Promise<unknown> {
  try {
    return JSON.parse(await readFile(path, 'utf8'));
  } catch (cause) {
    throw new UsageError(
      `export: cannot read --config "${config}" (${(cause as Error).message}). Give a JSON file with options of exportEnsemble, such as {"policy": …}.`,
      { cause },
    );
  }
}
