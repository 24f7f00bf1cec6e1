// @ts-check
// Exports models with the built package and writes each with inputs and what tfjs answers: node files.mjs FOLDER CONFIGURATIONS
import { mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import * as ort from 'onnxruntime-node';
import ts from 'typescript';

const [folder = 'out', perClass = '10'] = process.argv.slice(2);
const tests = new URL('../../packages/export-onnx/test/', import.meta.url);
mkdirSync(folder, { recursive: true });

// Node 20 runs no TypeScript: the models that the package's own tests use are transpiled next to here.
for (const name of readdirSync(tests).filter((entry) => entry.endsWith('.ts'))) {
  const { outputText } = ts.transpileModule(readFileSync(new URL(name, tests), 'utf8'), {
    compilerOptions: { module: ts.ModuleKind.ESNext, target: ts.ScriptTarget.ES2022 },
  });
  const dist = new URL('../dist/', tests).href;
  const runnable = outputText
    .replace(/'\.\.\/src\/([^']+)\.ts'/g, (_, path) => `'${dist}${path}.js'`)
    .replace(/'\.\/([^']+)\.ts'/g, "'./$1.mjs'");
  writeFileSync(join(folder, name.replace(/\.ts$/, '.mjs')), runnable);
}
const load = (/** @type {string} */ name) => import(pathToFileURL(join(folder, name)).href);
const { architectures, feeds } = await load('architectures.mjs');
const { configurations } = await load('configurations.mjs');
const { ensembleAnswers, ensembleInputs, membersFor, policies } = await load('ensembles.mjs');
const { runConfigurations } = await load('run-configurations.mjs');
const { artifactsOf, predictor, randomizeWeights } = await load('tfjs.mjs');
const { exportEnsemble, exportOnnx } = await import('../../packages/export-onnx/dist/index.js');
const { memoryBundle } = await import('../../packages/ensemble-bundle/dist/index.js');

/**
 * @param {string} name
 * @param {Uint8Array} bytes
 * @param {Record<string, {data: ArrayLike<number>, shape: readonly number[]}>} inputs
 * @param {Record<string, {data: ArrayLike<number>, shape: readonly number[]}>} answers
 */
function write(name, bytes, inputs, answers) {
  const plain = (/** @type {typeof inputs} */ tensors) =>
    Object.fromEntries(
      Object.entries(tensors).map(([key, { data, shape }]) => [
        key,
        { data: Array.from(data), shape },
      ]),
    );
  writeFileSync(join(folder, `${name}.onnx`), bytes);
  writeFileSync(
    join(folder, `${name}.json`),
    JSON.stringify({ inputs: plain(inputs), answers: plain(answers) }),
  );
}

for (const [name, build] of Object.entries(architectures)) {
  const model = build();
  randomizeWeights(model, 11);
  const artifacts = await artifactsOf(model);
  for (const opset of [17, 21]) {
    const { bytes, outputs } = exportOnnx(artifacts, { opset });
    const inputs = feeds(model, 3);
    const answers = predictor(
      model,
      outputs.map((/** @type {{name: string}} */ output) => output.name),
    )(inputs);
    write(`${name.replaceAll(' ', '-')}-opset${opset}`, bytes, inputs, answers);
  }
}

for (const name of Object.keys(configurations)) {
  let count = 0;
  await runConfigurations(
    name,
    Number(perClass),
    5,
    (/** @type {[Uint8Array, any, any]} */ ...file) => {
      write(`layer-${name}-${count++}`, ...file);
    },
  );
}

for (const [index, policy] of policies.entries()) {
  const members = membersFor(policy.kind);
  const artifacts = await Promise.all(members.map(artifactsOf));
  const inputs = ensembleInputs(5);
  for (const form of ['fused', 'stacked']) {
    const bundle = memoryBundle();
    const { manifest } = await exportEnsemble(artifacts, bundle, { policy, form });
    const answers = ensembleAnswers(members, manifest, inputs);
    write(`ensemble-${index}-${form}`, bundle.files.get('ensemble.onnx'), inputs, answers);
  }
}

// What has no answer of its own (a member, a stage, rounded weights) is judged by the checker alone.
{
  const [policy] = policies;
  const artifacts = await Promise.all(membersFor(policy.kind).map(artifactsOf));
  const rows = [ensembleInputs(16)];
  for (const [name, options] of Object.entries({
    staged: { form: 'staged' },
    separate: { form: 'separate' },
    float16: { precision: 'float16' },
    'int8-dynamic': { precision: 'int8-dynamic' },
    'int8-static': { precision: { kind: 'int8-static', ort, rows } },
    'float16-stacked': { precision: 'float16', form: 'stacked' },
  })) {
    const bundle = memoryBundle();
    await exportEnsemble(artifacts, bundle, { policy, ...options });
    for (const [path, bytes] of bundle.files)
      if (path.endsWith('.onnx'))
        write(`ensemble-${name}-${path.replaceAll('/', '-').replace('.onnx', '')}`, bytes, {}, {});
  }
}
