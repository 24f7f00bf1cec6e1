import { createRequire } from 'node:module';
import { readdir, readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Argument, Option, type Command } from 'commander';
import type { Surroundings } from '../command.ts';
import { contextBytes, dockerContext, packageOf } from '../deploy/docker.ts';
import type { Deployment, Files } from '../deploy/deployment.ts';
import { guideFile, targets, type Target } from '../deploy/guides.ts';
import { kserveManifests } from '../deploy/kserve.ts';
import { kubernetesManifests } from '../deploy/kubernetes.ts';
import { rayApplication } from '../deploy/ray.ts';
import { tritonRepository } from '../deploy/triton.ts';
import { writeDeployment } from '../deploy/write-deployment.ts';
import { inFolder, openBundleAnywhere } from '../folders.ts';
import { bytes as sizeText } from '../numbers.ts';
import { UsageError } from '../run-main.ts';
import { count, percent } from '../values.ts';

const OWN_NAME = 'snapshot-ensemble';

interface DeployFlags {
  readonly out: string;
  readonly name?: string;
  readonly device: 'cpu' | 'gpu';
  readonly maxBatchSize: number;
  readonly instances: number;
  readonly maxQueueDelay: number;
  readonly replicas: number;
  readonly maxReplicas?: number;
  readonly namespace: string;
  readonly cpu: string;
  readonly memory: string;
  readonly image?: string;
  readonly runtime: 'triton' | 'own';
  readonly storageUri?: string;
  readonly canary?: number;
  readonly scaleOn: 'cpu' | 'queue';
  readonly queueTarget: number;
  readonly prometheus?: string;
  readonly packages?: string;
  readonly json?: true;
}

/** Options that say something to some targets only. */
const meantFor: Readonly<Partial<Record<keyof DeployFlags, readonly Target[]>>> = {
  device: ['triton', 'kserve', 'kubernetes', 'docker'],
  maxBatchSize: ['triton', 'ray'],
  instances: ['triton'],
  maxQueueDelay: ['triton'],
  replicas: ['kserve', 'kubernetes', 'ray'],
  maxReplicas: ['kserve', 'kubernetes'],
  namespace: ['kserve', 'kubernetes'],
  cpu: ['kserve', 'kubernetes'],
  memory: ['kserve', 'kubernetes'],
  image: ['kserve', 'kubernetes'],
  runtime: ['kserve'],
  storageUri: ['kserve'],
  canary: ['kserve'],
  scaleOn: ['kserve', 'kubernetes'],
  queueTarget: ['kserve', 'kubernetes'],
  prometheus: ['kserve'],
  packages: ['docker'],
};

export function define(command: Command, surroundings: Surroundings): void {
  command
    .description(
      'Writes what other systems need to serve a bundle: a Triton model repository, manifests for KServe or Kubernetes, a Ray ' +
        'Serve application, or the build context of a container image. It only writes files and opens no connection.',
    )
    .addArgument(new Argument('<target>', 'system that will serve the bundle').choices(targets))
    .argument('<bundle>', 'folder of the bundle, or s3://bucket/folder')
    .requiredOption('--out <folder>', 'folder for the files; empty or new')
    .option('--name <name>', "name of the model there (default: the bundle's name)")
    .addOption(
      new Option('--device <name>', 'device to compute on').choices(['cpu', 'gpu']).default('cpu'),
    )
    .option('--max-batch-size <rows>', 'rows in a batch (triton, ray)', count, 64)
    .option('--instances <count>', 'model instances per device (triton)', count, 1)
    .option(
      '--max-queue-delay <us>',
      'microseconds that a batch may wait for more rows (triton)',
      count,
      500,
    )
    .option(
      '--replicas <count>',
      'minimum number of pods or replicas (kserve, kubernetes, ray)',
      count,
      2,
    )
    .option(
      '--max-replicas <count>',
      'maximum number of pods (default: five times --replicas)',
      count,
    )
    .option('--namespace <name>', 'namespace of the objects (kserve, kubernetes)', 'default')
    .option('--cpu <quantity>', 'cores per pod (kserve, kubernetes)', '2')
    .option('--memory <quantity>', 'memory per pod (kserve, kubernetes)', '1Gi')
    .option('--image <reference>', 'image built from `deploy docker` (kserve, kubernetes)')
    .addOption(
      new Option('--runtime <name>', 'server to run under KServe')
        .choices(['triton', 'own'])
        .default('triton'),
    )
    .option('--storage-uri <uri>', 'address of the Triton repository or the bundle (kserve)')
    .option('--canary <percent>', 'share of the traffic for this revision (kserve)', percent)
    .addOption(
      new Option('--scale-on <what>', 'what to scale on: CPU use, or waiting requests')
        .choices(['cpu', 'queue'])
        .default('cpu'),
    )
    .option(
      '--queue-target <requests>',
      'waiting requests per pod to aim for, for --scale-on queue',
      count,
      8,
    )
    .option('--prometheus <url>', 'address of the Prometheus that counts them (kserve)')
    .option(
      '--packages <folder>',
      'folder of tarballs to install our packages from, instead of npm (docker)',
    )
    .option('--json', 'print what was written as JSON')
    .action((target: Target, folder: string, flags: DeployFlags) =>
      deploy(target, folder, flags, command, surroundings),
    );
}

async function deploy(
  target: Target,
  folder: string,
  flags: DeployFlags,
  command: Command,
  { print, progress, directory }: Surroundings,
): Promise<void> {
  refuseForeignOptions(target, command);
  const { bundle } = await openBundleAnywhere(folder, directory);
  const deployment = { bundle, name: flags.name ?? bundle.manifest.name };
  try {
    progress(`verifying ${folder}`);
    await bundle.verify();
  } catch (error) {
    throw inFolder(folder, error);
  }
  try {
    checkDevice(target, deployment, flags.device);
    progress(`writing ${flags.out}`);
    const { files, notes } = await emit(target, deployment, flags, directory);
    const all = { ...files, ...guideFile(target, deployment.name, notes) };
    const bytes = await writeDeployment(flags.out, directory, all);
    if (flags.json === true) {
      const written = { target, out: flags.out, files: Object.keys(all), bytes, notes };
      print(`${JSON.stringify(written, undefined, 2)}\n`);
      return;
    }
    for (const note of notes) print(`${note}\n`);
    print(
      `Wrote ${Object.keys(all).length} files, ${sizeText(bytes)}, to ${flags.out}. ${flags.out}/README.md says how to run and check them.\n`,
    );
  } finally {
    await bundle.close();
  }
}

function refuseForeignOptions(target: Target, command: Command): void {
  for (const [option, allowed] of Object.entries(meantFor)) {
    if (allowed.includes(target) || command.getOptionValueSource(option) !== 'cli') continue;
    const flag = `--${option.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
    throw new UsageError(
      `deploy ${target}: ${flag} does not apply; it is for ${allowed.join(', ')}. Leave it out.`,
    );
  }
}

interface Emitted {
  readonly files: Files;
  /** Paragraphs of the README. */
  readonly notes: readonly string[];
}

async function emit(
  target: Target,
  deployment: Deployment,
  flags: DeployFlags,
  directory: string,
): Promise<Emitted> {
  const { name } = deployment;
  const { maxReplicas = 5 * flags.replicas } = flags;
  if (maxReplicas < flags.replicas)
    throw new UsageError(
      `deploy: --max-replicas is ${maxReplicas}, less than --replicas ${flags.replicas}. Give at least ${flags.replicas}.`,
    );
  const pods = { ...flags, name: name.toLowerCase(), maxReplicas };
  switch (target) {
    case 'triton':
      return {
        files: await tritonRepository(deployment, flags),
        notes: runsAll(deployment) ? [allMembers] : [],
      };
    case 'kserve':
      return {
        files: kserveManifests({ ...pods, model: name }),
        notes: flags.canary === undefined ? [] : [canarySteps(flags.canary)],
      };
    case 'kubernetes': {
      const { image } = flags;
      if (image === undefined)
        throw new UsageError(
          'deploy kubernetes: --image is missing. Build the folder that `deploy docker` writes, and give the name of that image.',
        );
      return { files: kubernetesManifests({ ...pods, image }), notes: [] };
    }
    case 'ray':
      return { files: rayApplication(deployment, flags), notes: [] };
    case 'docker': {
      const options = {
        device: flags.device,
        ...installedVersions(),
        tarballs: await readTarballs(flags.packages, directory),
      };
      const size = `The bundle and our packages take ${sizeText(contextBytes(deployment, options))}; Node and what npm installs add to that.`;
      return { files: dockerContext(deployment, options), notes: [size] };
    }
  }
}

/** Quantised multiplications have no kernels on CUDA, so the graph would run on the CPU of a machine that was rented for its GPU. */
function checkDevice(target: Target, { bundle }: Deployment, device: 'cpu' | 'gpu'): void {
  const { precision } = bundle.manifest;
  if (device !== 'gpu' || precision !== 'int8-dynamic') return;
  throw new UsageError(
    `deploy ${target}: --device gpu, but the bundle's precision is ${precision}, which CUDA does not compute. Export it with --precision float32 or float16, or deploy it for the CPU.`,
  );
}

function canarySteps(percent: number): string {
  return `This revision gets ${percent} % of the traffic and the one that is served now gets the rest, so apply it over a running service. To promote it, write it again with --canary 100 and apply that; to roll back, with --canary 0.`;
}

const allMembers =
  'The policy has a cascade. Here every request runs all members: the answers are those of the cascade, but no computation is saved.';

function runsAll({ bundle }: Deployment): boolean {
  const { form, policy } = bundle.manifest;
  return form === 'separate' && Object.values(policy).some(({ cascade }) => cascade !== undefined);
}

function installedVersions(): { readonly version: string; readonly onnxruntime: string } {
  const { version, peerDependencies } = createRequire(import.meta.url)('../../package.json') as {
    readonly version: string;
    readonly peerDependencies: Readonly<Record<string, string>>;
  };
  return { version, onnxruntime: peerDependencies['onnxruntime-node']!.replace(/^\^/, '') };
}

async function readTarballs(
  folder: string | undefined,
  directory: string,
): Promise<Readonly<Record<string, Uint8Array>>> {
  if (folder === undefined) return {};
  const place = resolve(directory, folder);
  const names = await readdir(place).catch(() => []);
  const tarballs = names.filter((name) => name.endsWith('.tgz'));
  if (!tarballs.some((name) => /^snapshot-ensemble-\d/.test(name)))
    throw new UsageError(
      `deploy docker: --packages "${folder}" holds no snapshot-ensemble-<version>.tgz. Give the folder in which \`npm pack --workspaces\` left its tarballs.`,
    );
  const needed = ownPackages();
  // What an image does without would bring its own peers along, TensorFlow.js among them.
  const read = tarballs
    .filter((name) => needed.has(packageOf(name)))
    .map(async (name) => [name, await readFile(join(place, name))] as const);
  return Object.fromEntries(await Promise.all(read));
}

/** Names of our packages that this one needs, itself included. */
function ownPackages(): ReadonlySet<string> {
  const names = new Set<string>();
  const add = (name: string, from: string): void => {
    if (names.has(name)) return;
    names.add(name);
    const require = createRequire(from);
    const file = name === OWN_NAME ? from : require.resolve(`${name}/package.json`);
    const { dependencies = {} } = require(file) as {
      readonly dependencies?: Readonly<Record<string, string>>;
    };
    for (const dependency of Object.keys(dependencies))
      if (dependency.startsWith(`@${OWN_NAME}/`)) add(dependency, file);
  };
  add(OWN_NAME, fileURLToPath(new URL('../../package.json', import.meta.url)));
  return names;
}
