import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { basename, dirname, resolve } from 'node:path';
import { bundleDirectory } from '@snapshot-ensemble/ensemble-bundle/node';
import { writeOnnx, type ExportedTensor, type WrittenModel } from '@snapshot-ensemble/export-onnx';
import type { Surroundings } from '../command.ts';
import { inFolder } from '../folders.ts';
import { bytes } from '../numbers.ts';
import { CheckFailedError, UsageError } from '../run-main.ts';
import { checkWithTfjs } from './check-with-tfjs.ts';
import type { ExportFlags } from './flags.ts';
import { readSavedModel } from './saved-model.ts';

/** Writes a saved layers model as an ONNX file, and compares it with TensorFlow.js where asked to. */
export async function exportModel(
  source: string,
  flags: ExportFlags,
  { print, progress, directory }: Surroundings,
): Promise<void> {
  const { out, opset, cutAt } = flags;
  refuseBundleFlags(flags);
  const target = resolve(directory, out);
  if (!out.endsWith('.onnx'))
    throw new UsageError(
      `export: --out "${out}" does not end in .onnx. Name a file such as model.onnx.`,
    );
  if (flags.overwrite !== true && existsSync(target))
    throw new UsageError(
      `export: "${out}" already exists. Replace it with --overwrite, or name another file.`,
    );
  progress(`exporting ${source}`);
  const artifacts = await readSavedModel(source, directory);
  const written = await writeOnnx(artifacts, bundleDirectory(dirname(target)), {
    path: basename(target),
    ...(opset !== undefined && { opset }),
    ...(cutAt && { cutAt }),
  }).catch((error: unknown) => {
    throw inFolder(source, error);
  });
  if (flags.json !== true) print(textOf(out, written));
  const check = flags.check === true ? await checked() : undefined;
  const data = { out, ...written, check: check?.results };
  print(flags.json === true ? `${JSON.stringify(data, undefined, 2)}\n` : (check?.text ?? ''));
  if (check?.problem !== undefined) throw new CheckFailedError(check.problem);

  async function checked() {
    progress('comparing with TensorFlow.js');
    return checkWithTfjs(
      {
        bytes: await readFile(target),
        inputs: written.inputs,
        outputs: written.outputs.map(({ name }) => name),
        models: [artifacts],
        cutAt,
        combine: ([answers]) => answers!,
      },
      directory,
    );
  }
}

function textOf(out: string, { files, inputs, outputs }: WrittenModel): string {
  const size = files.reduce((sum, file) => sum + file.bytes, 0);
  return [
    `Wrote ${out}: ${bytes(size)}`,
    `input   ${inputs.map(describe).join(', ')}`,
    `output  ${outputs.map(describe).join(', ')}\n`,
  ].join('\n');
}

function describe({ name, dtype, shape }: ExportedTensor): string {
  return `${name} ${dtype} [${shape.join(', ')}]`;
}

/** What belongs to a bundle would be ignored in silence. */
function refuseBundleFlags(flags: ExportFlags): void {
  const { last, members, best, metric, sweep, form, precision, rows, name, kind, labels, smoke } =
    flags;
  const { backbone, config } = flags;
  const given = {
    last,
    best,
    metric,
    sweep,
    members,
    backbone,
    config,
    form,
    precision,
    rows,
    name,
    kind,
    labels: Object.keys(labels)[0],
    'no-smoke': smoke ? undefined : '',
  };
  const [flag] = Object.entries(given).find(([, value]) => value !== undefined) ?? [];
  if (flag !== undefined)
    throw new UsageError(
      `export: --${flag} is for stores; a model.json becomes a single file. Leave it out, or export a store.`,
    );
}
