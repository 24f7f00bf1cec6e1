import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runCli } from '../test/run-cli.ts';

const golden = fileURLToPath(new URL('../../export-onnx/test/golden/', import.meta.url));
let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'snapshot-ensemble-models-'));
});
afterAll(async () => {
  await rm(folder, { recursive: true });
});
const cli = (...argv: readonly string[]) => runCli(argv, { directory: folder });

/** A copy of a saved model, its model.json changed. */
async function changed(name: string, change: (json: string) => string): Promise<string> {
  const place = join(folder, `changed-${name}`);
  await rm(place, { recursive: true, force: true });
  await cp(join(golden, 'python-converter', name), place, { recursive: true });
  const file = join(place, 'model.json');
  await writeFile(file, change(await readFile(file, 'utf8')));
  return file;
}

describe('export of a saved model', () => {
  it('a graph model answers as in TensorFlow.js', async () => {
    const type = { dtype: { type: 'DT_FLOAT' } };
    const shape = { shape: { dim: [{ size: '-1' }, { size: '4' }] } };
    const node = [
      { name: 'w', op: 'Const', attr: type },
      { name: 'x', op: 'Placeholder', attr: { ...type, shape } },
      { name: 'product', op: 'MatMul', input: ['x', 'w'], attr: { transpose_b: { b: true } } },
      { name: 'Identity', op: 'Softmax', input: ['product'] },
    ];
    const weights = [{ name: 'w', shape: [2, 4], dtype: 'float32' }];
    const json = {
      format: 'graph-model',
      modelTopology: { node, versions: { producer: 1395 } },
      signature: { inputs: { x: { name: 'x:0' } }, outputs: { scores: { name: 'Identity:0' } } },
      weightsManifest: [{ paths: ['graph.bin'], weights }],
    };
    const source = join(folder, 'graph.json');
    await writeFile(source, JSON.stringify(json));
    await writeFile(join(folder, 'graph.bin'), Float32Array.of(1, 2, 3, 4, -1, 0.5, 0, 2));
    const run = await cli('export', source, '--out', 'graph.onnx', '--check');
    expect({ code: run.code, stderr: run.stderr }).toEqual({ code: 0, stderr: '' });
    expect(run.stdout).toMatch(/output {2}scores float32 \[N, 2\][^]*scores +\S+ +ok/);
    const cut = ['--out', 'cut.onnx', '--cut-at', 'product'];
    expect(await cli('export', source, ...cut, '--check')).toMatchObject({
      code: 0,
      stderr: '',
      stdout: expect.stringMatching(/output {2}product float32 \[N, 2\][^]*product +\S+ +ok/),
    });
    expect((await cli('export', source, '--out', 'b.onnx', '--backbone', source)).stderr).toBe(
      'error: export: --backbone is for stores; a model.json becomes a single file. Leave it out, or export a store.\n',
    );
  });

  it.each([
    ['trained/resnet20-narrow-14x14', 'digit'],
    ['trained/bilstm-tagger', 'ends'],
    ['python-converter/keras-2-tagger', 'tags'],
    ['python-converter/keras-2-classifier-uint8', 'classes'],
    ['python-converter/keras-2-classifier-float16', 'classes'],
  ])('%s answers as in TensorFlow.js', async (name, output) => {
    const source = join(golden, name, 'model.json');
    const { code, stdout, stderr } = await cli(
      ...['export', source, '--out', `${output}.onnx`, '--overwrite', '--check'],
    );
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toMatch(new RegExp(`^Wrote ${output}\\.onnx: [\\d.]+ kB\n`));
    expect(stdout).toMatch(new RegExp(`^${output} +\\S+ +ok$`, 'm'));
  });

  it('writes a file without TensorFlow.js, of Keras 3, too', async () => {
    const source = join(golden, 'python-converter/keras-3-classifier/model.json');
    const { code, stdout } = await cli('export', source, '--out', 'keras3.onnx', '--opset', '18');
    expect({ code, stdout }).toEqual({
      code: 0,
      stdout: expect.stringContaining(
        'input   image float32 [N, 8, 8, 2]\noutput  classes float32 [N, 3]\n',
      ),
    });
  });

  it('replaces a file only when asked', async () => {
    const source = join(golden, 'trained/bilstm-tagger/model.json');
    await writeFile(join(folder, 'there.onnx'), '');
    expect((await cli('export', source, '--out', 'there.onnx')).stderr).toBe(
      'error: export: "there.onnx" already exists. Replace it with --overwrite, or name another file.\n',
    );
  });

  it.each<[string, (json: string) => string, string]>([
    ['what is not JSON', () => '{"modelTopology"', 'is not JSON'],
    ['a file without a model', () => '{}', 'it lacks modelTopology or weightsManifest'],
    ['null', () => 'null', 'it lacks modelTopology or weightsManifest'],
    [
      'a missing weight file',
      (json) => json.replaceAll('group1-shard1of', 'gone'),
      'which cannot be read',
    ],
    [
      'a layer that cannot be exported',
      (json) => json.replace('"LeakyReLU"', '"Lambda"'),
      '"leaky" (Lambda): ',
    ],
  ])('refuses %s', async (_, change, message) => {
    const source = await changed('keras-2-classifier', change);
    const { code, stderr } = await cli('export', source, '--out', 'never.onnx');
    expect(code).toBe(2);
    expect(stderr).toContain(message);
    expect(stderr.trimEnd().split('\n')).toHaveLength(1);
  });

  it('sees where TensorFlow.js answers something else', async () => {
    // The key of Keras 3, which TensorFlow.js does not know: it takes its default.
    const source = await changed('keras-2-classifier', (json) =>
      json.replace('"alpha": 0.30000001192092896', '"negative_slope": 0.9'),
    );
    const { code, stdout, stderr } = await cli('export', source, '--out', 'other.onnx', '--check');
    expect(code).toBe(1);
    expect(stdout).toMatch(/^classes +\S+ +DIFFERS$/m);
    expect(stderr).toMatch(/^error: export: the graph does not answer as the model does/);
  });
});
