import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { readBundle } from '@snapshot-ensemble/ensemble-bundle';
import { bundleDirectory } from '@snapshot-ensemble/ensemble-bundle/node';
import { beforeAll, describe, expect, it } from 'vitest';
import { writeGraphBackbone, writeLayersBackbone } from '../test/backbone.ts';
import { writeExampleStore } from '../test/example-store.ts';
import { useFolder } from '../test/fixtures.ts';
import { runCli } from '../test/run-cli.ts';

const folder = useFolder();
const inside = (name: string): string => join(folder.path, name);
const cli = (...argv: readonly string[]) => runCli(argv, { directory: folder.path });
const exported = (out: string, ...flags: readonly string[]) =>
  cli('export', 'Ensemble', '--out', out, ...flags);
const opened = (name: string) => readBundle(bundleDirectory(inside(name)));
const writeConfig = (config: object) => writeFile(inside('export.json'), JSON.stringify(config));

beforeAll(async () => {
  await writeGraphBackbone(inside('graph'));
  await writeLayersBackbone(inside('layers'));
});

describe('export with a backbone', () => {
  it.each<[string, string, ...string[]]>([
    ['a graph model', 'graph', '--cut-at', 'features'],
    ['a layers model', 'layers'],
  ])('takes %s, and answers as both do in TensorFlow.js', async (_, name, ...cut) => {
    const out = `on-${name}`;
    // In this form inspect tells what is whose.
    const flags = ['--backbone', `${name}/model.json`, ...cut, '--form', 'fused'];
    const { code, stdout, stderr } = await exported(out, ...flags, '--check');
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toMatch(/^dense +\S+ +ok$/m);
    const { manifest } = await opened(out);
    expect(manifest.inputs.map(({ shape }) => shape)).toEqual([[null, 4]]);
    expect(await cli('verify', out)).toMatchObject({ code: 0, stderr: '' });
    const { stdout: graph } = await cli('inspect', out);
    expect(graph).toMatch(/^all members +1 +32 bytes$/m);
  });

  it('is computed in the first stage of several', async () => {
    const staged = ['--backbone', 'layers/model.json', '--form', 'staged'];
    expect((await exported('staged', ...staged)).code).toBe(0);
    expect((await cli('verify', 'staged')).code).toBe(0);
    expect((await exported('checked', ...staged, '--check')).stderr).toBe(
      'error: export: --check compares one graph, and form "staged" has several. The bundle is written: replay its request with verify, or ask for --form fused.\n',
    );
  });

  it.each<[readonly string[], string]>([
    [['--cut-at', 'features'], 'export: --cut-at applies to graph models, and the members'],
    [['--backbone', 'absent.json'], 'export: cannot read "absent.json"'],
    [
      ['--backbone', 'layers/model.json', '--cut-at', 'front'],
      'in "Ensemble": cutAt is an option for a graph model; leave it out here.',
    ],
    [['--backbone', 'graph/model.json', '--cut-at', 'x'], 'has shape [N, 4], but the members'],
  ])('refuses %j', async (flags, message) => {
    const { code, stderr } = await exported('never', ...flags);
    expect(code).toBe(2);
    expect(stderr).toContain(message);
  });
});

describe('export with a configuration file', () => {
  const policy = {
    kind: 'probabilities',
    members: [2, 0],
    combine: 'geometricMean',
    weights: [0.75, 0.25],
    temperature: 1.5,
    abstain: { score: 'entropy', threshold: 'Infinity', share: 0 },
  };

  it('takes a fitted policy and what else it says; flags win', async () => {
    await writeConfig({
      policy,
      backbone: 'graph/model.json',
      cutAt: ['features'],
      labels: { dense: ['a', 'b', 'c'] },
      statistics: ['mutual_information'],
      provenance: { data: 'rows of May' },
      name: 'from-file',
      precision: 'float16',
    });
    const made = await exported('configured', '--config', 'export.json', '--name', 'from-flag');
    expect(made).toMatchObject({ code: 0, stderr: '' });
    const { manifest } = await opened('configured');
    expect(manifest).toMatchObject({
      name: 'from-flag',
      precision: 'float16',
      labels: { dense: ['a', 'b', 'c'] },
      policy: { dense: { ...policy, abstain: { ...policy.abstain, threshold: Infinity } } },
    });
    expect(manifest.outputs.map(({ role }) => role)).toEqual([
      'prediction',
      'mutual_information',
      'abstain',
    ]);
    expect(manifest.provenance['data']).toBe('rows of May');
    expect((await cli('verify', 'configured')).code).toBe(0);
  });

  it('takes a cascade by output, into stages', async () => {
    const cascade = { order: [1, 0], thresholds: [0.9] };
    await writeConfig({ policy: { dense: { ...policy, cascade } } });
    expect((await exported('cascade', '--config', 'export.json')).stdout).toContain('staged');
  });

  it.each<[object, string]>([
    [{ polcy: policy }, 'Invalid key: Expected never but received "polcy"'],
    [{ policy: { ...policy, combine: 'average' } }, 'policy.combine is wrong'],
    [{ policy: { dense: { ...policy, weights: ['1'] } } }, 'policy.dense.weights.0 is wrong'],
    [{ policy: { ...policy, kind: 'logits' } }, 'is of kind "logits", but the members end in'],
    [{ preprocess: { x: { scale: 1 } } }, 'preprocess.x.layout is wrong'],
  ])('refuses %j', async (config, message) => {
    await writeConfig(config);
    const { code, stderr } = await exported('never', '--config', 'export.json');
    expect(code).toBe(2);
    expect(stderr).toContain(message);
    expect(stderr.trimEnd().split('\n')).toHaveLength(1);
  });

  it.each(['nhwc', 'nchw'] as const)('takes pixels, resized in the graph: %s', async (layout) => {
    await writeExampleStore(inside(`Pixels-${layout}`), { pixels: true });
    const shape = layout === 'nhwc' ? [9, 6, 7, 1] : [9, 1, 6, 7];
    const data = Array.from({ length: 9 * 6 * 7 }, (_, at) => (at * 37) % 256);
    await writeFile(
      inside('pixels.json'),
      JSON.stringify({ inputs: [{ name: 'flat_input', datatype: 'UINT8', shape, data }] }),
    );
    const steps = {
      layout,
      resize: { height: 4, width: 4, method: 'bilinear' },
      scale: 1 / 255,
      mean: [0.5],
      deviation: [0.25],
    };
    await writeConfig({ preprocess: { flat_input: steps }, form: 'fused' });
    const given = ['export', `Pixels-${layout}`, '--config', 'export.json', '--out'];
    const { code, stdout, stderr } = await cli(...given, `pixels-${layout}`, '--check');
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toMatch(/^dense +\S+ +ok$/m);
    if (layout === 'nchw') return;
    expect((await cli('verify', 'pixels-nhwc')).code).toBe(0);
    const small = ['--precision', 'int8-static', '--rows', 'pixels.json'];
    expect(await cli(...given, 'small', ...small)).toMatchObject({
      code: 0,
      stderr: '',
      stdout: expect.stringMatching(/^dense against float32: on 9 rows /m),
    });
  });

  it('adds the sigmoid where it says so, to the expected answer as well', async () => {
    await writeExampleStore(inside('Linear'), { activation: 'linear' });
    await writeConfig({ sigmoidOutputs: ['dense'], kind: 'multi-label' });
    const made = ['export', 'Linear', '--config', 'export.json', '--out', 'sigmoid', '--check'];
    expect(await cli(...made)).toMatchObject({ code: 0, stderr: '' });
    expect((await cli('verify', 'sigmoid')).code).toBe(0);
  });

  it('refuses a kind beside a policy, and a file that is not there', async () => {
    await writeConfig({ policy });
    const both = await exported('never', '--config', 'export.json', '--kind', 'logits');
    expect(both.stderr).toContain('Leave --kind out.');
    expect((await exported('never', '--config', 'absent.json')).stderr).toContain(
      'cannot read --config "absent.json"',
    );
  });
});
