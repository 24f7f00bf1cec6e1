import { cp, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { beforeAll, describe, expect, it, vi } from 'vitest';
import { placeInBundle, useFolder } from '../test/fixtures.ts';
import { runCli } from '../test/run-cli.ts';
import { textProto } from './deploy/text-proto.ts';
import { warmUpConfig } from './deploy/triton-config.ts';

const folder = useFolder({ bundle: true });
const golden = new URL('../../../conformance/serving/golden/', import.meta.url);
const tiny = fileURLToPath(new URL('tiny', golden));
const separate = fileURLToPath(new URL('separate', golden));
const staged = fileURLToPath(new URL('staged', golden));
const cli = (...argv: readonly string[]) => runCli(argv, { directory: folder.path });

/** The members of `separate`, without the outputs that only a graph gives. */
beforeAll(async () => {
  await cp(separate, join(folder.path, 'members'), { recursive: true });
  const file = join(folder.path, 'members', 'ensemble.json');
  const manifest = JSON.parse(await readFile(file, 'utf8')) as {
    outputs: { role: string }[];
    policy: Record<string, { conformal?: object; abstain?: object }>;
  };
  const refused = ['conformal_set', 'interval', 'abstain', 'energy'];
  manifest.outputs = manifest.outputs.filter(({ role }) => !refused.includes(role));
  for (const policy of Object.values(manifest.policy)) {
    delete policy.conformal;
    delete policy.abstain;
  }
  await writeFile(file, JSON.stringify(manifest));
  await cp(join(folder.path, 'members'), join(folder.path, 'lost'), { recursive: true });
  await rm(join(folder.path, 'lost', 'members', '001.onnx'));
  await cp(tiny, join(folder.path, 'int8'), { recursive: true });
  const reduced = join(folder.path, 'int8', 'ensemble.json');
  const whole = JSON.parse(await readFile(reduced, 'utf8')) as object;
  await writeFile(reduced, JSON.stringify({ ...whole, precision: 'int8-dynamic' }));
});

const image = ['--image', 'registry.example.com/team/tiny:1.0'];
const queue = ['--scale-on', 'queue', '--prometheus', 'http://prometheus.monitoring:9090'];
const emitted: Readonly<Record<string, readonly string[]>> = {
  triton: ['triton', tiny],
  'triton-gpu': ['triton', tiny, '--device', 'gpu', '--instances', '2', '--name', 'digits'],
  'triton-members': ['triton', 'members'],
  'triton-warm-up': ['triton', 'bundle', '--name', 'warm'],
  kserve: ['kserve', tiny, '--storage-uri', 's3://models/repository'],
  'kserve-own': ['kserve', tiny, '--runtime', 'own', ...image, '--canary', '10'],
  'kserve-queue': ['kserve', tiny, '--storage-uri', 's3://models/repository', ...queue],
  'kserve-runtime': [
    'kserve',
    tiny,
    '--runtime',
    'own',
    ...image,
    '--storage-uri',
    's3://models/b',
  ],
  kubernetes: ['kubernetes', tiny, ...image, '--namespace', 'team', '--device', 'gpu'],
  'kubernetes-queue': ['kubernetes', tiny, ...image, '--scale-on', 'queue', '--queue-target', '4'],
  ray: ['ray', tiny, '--replicas', '2'],
  'ray-members': ['ray', 'members', '--name', 'shards'],
  docker: ['docker', tiny],
  'docker-gpu': ['docker', tiny, '--device', 'gpu'],
};

const texts = /\.(pbtxt|py|yaml|mjs|txt|md)$|Dockerfile$|package\.json$|\.npmrc$/;

describe('deploy writes what stands in test/golden', () => {
  it.each(Object.entries(emitted))('%s', async (name, words) => {
    const made = await cli('deploy', ...words, '--out', name);
    expect(made).toMatchObject({ code: 0, stderr: '' });
    const paths = await readdir(join(folder.path, name), { recursive: true });
    for (const path of paths.filter((one) => texts.test(one)).sort())
      await expect(await readFile(join(folder.path, name, path), 'utf8')).toMatchFileSnapshot(
        `../test/golden/deploy/${name}/${path}`,
      );
    await expect(`${paths.sort().join('\n')}\n`).toMatchFileSnapshot(
      `../test/golden/deploy/${name}.files.txt`,
    );
    const guide = await readFile(join(folder.path, name, 'README.md'), 'utf8');
    expect(guide).toMatch(/^Run it, in this folder:\n\n {4}\S/m);
    expect(guide).toMatch(/^Check it:\n\n {4}\S/m);
  });
});

it('deploy triton warms up with the first row of the smoke request, and with zeros where JSON has none', async () => {
  const at = await placeInBundle(join(folder.path, 'bundle'), 'smoke/request.json');
  const { inputs } = JSON.parse(await readFile(join(folder.path, 'bundle', at), 'utf8')) as {
    inputs: { name: string; shape: number[]; data: number[] }[];
  };
  const made = await cli('deploy', 'triton', 'bundle', '--name', 'w', '--out', 'warm');
  expect(made).toMatchObject({ code: 0, stderr: '' });
  for (const { name, shape, data } of inputs) {
    const bytes = await readFile(join(folder.path, 'warm/w/warmup', `${name}.bin`));
    const row = shape.slice(1).reduce((product, side) => product * side, 1);
    expect([...new Float32Array(Uint8Array.from(bytes).buffer)]).toEqual([
      ...Float32Array.from(data.slice(0, row)),
    ]);
  }
  const half = { name: 'half', dtype: 'float16', shape: ['rows', 2] } as const;
  expect(textProto(warmUpConfig([half]))).toContain('dims: 2\n      zero_data: true');
});

it.each(Object.entries(emitted))(
  'deploy puts no secret of its surroundings into %s',
  async (_, words) => {
    const secret = 'hunter2-not-to-be-found';
    const names = ['AWS_SECRET_ACCESS_KEY', 'AWS_SESSION_TOKEN', 'NPM_TOKEN', 'KUBECONFIG'];
    for (const name of names) vi.stubEnv(name, secret);
    const out = `secret-${String(names.length)}-${words.join('-').replaceAll(/[^a-z0-9]/gi, '')}`;
    try {
      expect(await cli('deploy', ...words, '--out', out)).toMatchObject({ code: 0 });
    } finally {
      vi.unstubAllEnvs();
    }
    const paths = await readdir(join(folder.path, out), { recursive: true, withFileTypes: true });
    for (const file of paths.filter((path) => path.isFile()))
      expect(await readFile(join(file.parentPath, file.name), 'latin1')).not.toContain(secret);
  },
);

describe('deploy refuses, before anything is written,', () => {
  it.each<[string, readonly string[], RegExp]>([
    [
      'a name that Kubernetes refuses',
      ['kubernetes', tiny, ...image, '--name', 'Tiny_Net'],
      /--name is "tiny_net", which Kubernetes refuses/,
    ],
    [
      'a namespace like it',
      ['kubernetes', tiny, ...image, '--namespace', '-a'],
      /--namespace is "-a"/,
    ],
    ['a missing image', ['kubernetes', tiny], /--image is missing/],
    ['an image that is none', ['kubernetes', tiny, '--image', 'a b'], /--image is "a b"/],
    ['a missing storage address', ['kserve', tiny], /--storage-uri is missing/],
    [
      'a secret in an address',
      ['kserve', tiny, '--storage-uri', 's3://key:secret@models/x'],
      /holds a user, a password/,
    ],
    [
      'an address of another kind',
      ['kserve', tiny, '--storage-uri', 'models/x'],
      /begins with s3:\/\//,
    ],
    [
      'sets that members do not give',
      ['triton', separate],
      /is of role conformal_set, which members on their own cannot give/,
    ],
    ['stages where Ray wants a graph or members', ['ray', staged], /form is "staged"/],
    [
      'a GPU where the graph has nothing for it',
      ['triton', 'int8', '--device', 'gpu'],
      /precision is int8-dynamic, which CUDA does not compute/,
    ],
    ['a bundle without one of its members', ['ray', 'lost'], /members\/001\.onnx/],
    ['no cores', ['kubernetes', tiny, ...image, '--cpu', 'two'], /--cpu is "two"/],
    ['memory that is none', ['kserve', tiny, '--memory', '1GB'], /--memory is "1GB"/],
    [
      'queues that nobody counts',
      ['kserve', tiny, '--scale-on', 'queue'],
      /--prometheus is missing/,
    ],
    [
      'a secret in the address of Prometheus',
      ['kserve', tiny, '--scale-on', 'queue', '--prometheus', 'http://user:secret@p:9090'],
      /holds a user, a password/,
    ],
    [
      'a model that no server could name',
      ['docker', tiny, '--name', '../tiny'],
      /the model's name is "\.\.\/tiny"/,
    ],
    [
      'an option of another target',
      ['ray', tiny, '--image', 'a'],
      /--image does not apply; it is for kserve, kubernetes/,
    ],
    [
      'fewer pods at most than at least',
      ['kserve', tiny, '--replicas', '3', '--max-replicas', '2'],
      /--max-replicas is 2/,
    ],
    [
      'tarballs that are not there',
      ['docker', tiny, '--packages', '.'],
      /holds no snapshot-ensemble-<version>\.tgz/,
    ],
    ['a target that we do not know', ['mars', tiny], /triton, kserve, kubernetes, ray, docker/],
    ['a folder that is no bundle', ['triton', 'Ensemble'], /a snapshot store/],
  ])('%s', async (_, words, message) => {
    const { code, stderr } = await cli('deploy', ...words, '--out', 'refused');
    expect(stderr).toMatch(message);
    expect(code).not.toBe(0);
    expect(await readdir(folder.path)).not.toContain('refused');
  });

  it('a folder that holds files', async () => {
    const { code, stderr } = await cli('deploy', 'ray', tiny, '--out', 'Ensemble');
    expect(stderr).toMatch(/already holds files/);
    expect(code).not.toBe(0);
  });
});

it('deploy docker installs of the tarballs what the server needs, and no more', async () => {
  const packages = join(folder.path, 'tarballs');
  await mkdir(packages);
  const names = [
    'snapshot-ensemble',
    'snapshot-ensemble-ensemble-server',
    'snapshot-ensemble-bytes',
  ];
  for (const name of [...names, 'snapshot-ensemble-adapter-tfjs'])
    await writeFile(join(packages, `${name}-0.0.0.tgz`), name);
  const made = await cli('deploy', 'docker', tiny, '--packages', 'tarballs', '--out', 'packed');
  expect(made).toMatchObject({ code: 0, stderr: '' });
  expect((await readdir(join(folder.path, 'packed', 'packages'))).sort()).toEqual(
    names.map((name) => `${name}-0.0.0.tgz`).sort(),
  );
  const text = await readFile(join(folder.path, 'packed', 'package.json'), 'utf8');
  expect(JSON.parse(text)).toMatchObject({
    dependencies: { '@snapshot-ensemble/bytes': 'file:packages/snapshot-ensemble-bytes-0.0.0.tgz' },
  });
});
