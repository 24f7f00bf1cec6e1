// @ts-check
// Starts our server and its peers on core 0 (or on `SERVER_CORES`). The Python ones get environments of their own in `.venv-*`, made here.
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

const here = fileURLToPath(new URL('.', import.meta.url));
const command = join(here, '../../packages/cli/dist/main.js');

/**
 * @typedef {{ graph: string, folder: string, work: string, input: string, outputs: readonly { name: string, shape: readonly (number | string | null)[] }[] }} Subject
 * @typedef {{ url: string, stop: () => Promise<unknown> }} Server
 */

/** @type {Record<string, { forms: readonly ('binary' | 'JSON')[], start: (subject: Subject) => Promise<Server> }>} */
export const servers = {
  ours: { forms: ['binary', 'JSON'], start: startOurs },
  'MLServer 1.7.1': { forms: ['JSON'], start: startMlserver },
  'Triton 2.51': { forms: ['binary'], start: startTriton },
};

/** As the README of the server says it is started where it shares its cores with the batches. @param {Subject} subject */
async function startOurs({ folder }) {
  const words = `serve peers=${folder} --port 0 --grpc-port 0 --threads 1 --workers 1 --json`.split(
    ' ',
  );
  // The others refuse nothing either.
  const child = onCore(
    process.execPath,
    ['--single-threaded-gc', command, ...words, '--limit', 'queueMs=60000'],
    {},
  );
  const [line] = await once(child.stdout, 'data');
  return {
    url: `${JSON.parse(line).url}/v2/models/peers/infer`,
    stop() {
      child.kill('SIGINT');
      return once(child, 'exit');
    },
  };
}

/** @param {Subject} subject */
async function startMlserver({ graph, work }) {
  const python = venv('mlserver', ['mlserver==1.7.1', 'onnxruntime==1.30.0']);
  const folder = join(work, 'mlserver');
  mkdirSync(folder, { recursive: true });
  cpSync(join(here, 'mlserver/runtime.py'), join(folder, 'runtime.py'));
  const settings = {
    name: 'peers',
    implementation: 'runtime.Ensemble',
    parameters: { uri: graph },
  };
  writeFileSync(join(folder, 'model-settings.json'), JSON.stringify(settings));
  writeFileSync(
    join(folder, 'settings.json'),
    // In its own process: its workers would be on the same core.
    JSON.stringify({
      http_port: 18080,
      grpc_port: 18081,
      metrics_port: 18082,
      parallel_workers: 0,
      debug: false,
    }),
  );
  const child = onCore(join(python, '../mlserver'), ['start', folder], {});
  return ready('http://127.0.0.1:18080', child);
}

/** @param {Subject} subject */
async function startTriton({ graph, work, input, outputs }) {
  // Its Python backend runs on Debian's Python (apt-get install python3.11-venv libpython3.11) and on no other.
  const python = venv(
    'triton',
    ['onnxruntime==1.30.0', 'numpy==1.26.4'],
    ['nvidia-pytriton==0.7.0'],
    '/usr/bin/python3',
  );
  const root = spawnSync(
    python,
    [
      '-c',
      'import importlib.util as u; print(u.find_spec("pytriton").submodule_search_locations[0])',
    ],
    {
      encoding: 'utf8',
    },
  ).stdout.trim();
  const tritonFolder = join(root, 'tritonserver');
  const stub = 'triton_python_backend_stub';
  cpSync(
    join(tritonFolder, 'python_backend_stubs/3.11', stub),
    join(tritonFolder, 'backends/python', stub),
  );
  const model = join(work, 'triton/peers');
  mkdirSync(join(model, '1'), { recursive: true });
  cpSync(graph, join(model, '1/ensemble.onnx'));
  cpSync(join(here, 'triton/model.py'), join(model, '1/model.py'));
  const tensor = (/** @type {string} */ name, /** @type {readonly unknown[]} */ dims) =>
    `{ name: "${name}" data_type: TYPE_FP32 dims: [ ${dims.join(', ')} ] }`;
  writeFileSync(
    join(model, 'config.pbtxt'),
    `name: "peers" backend: "python" max_batch_size: 64 dynamic_batching { }
input [ ${tensor(input, [28, 28, 1])} ]
output [ ${outputs.map(({ name, shape }) => tensor(name, shape.slice(1))).join(', ')} ]
instance_group [ { count: 1 kind: KIND_CPU } ]
`,
  );
  const libraries = [
    join(root, '../nvidia_pytriton.libs'),
    join(tritonFolder, 'external_libs'),
  ].join(':');
  const site = spawnSync(python, ['-c', 'import site; print(site.getsitepackages()[0])'], {
    encoding: 'utf8',
  }).stdout.trim();
  const child = onCore(
    join(tritonFolder, 'bin/tritonserver'),
    [
      `--model-repository=${join(work, 'triton')}`,
      `--backend-directory=${join(tritonFolder, 'backends')}`,
      '--http-port=18000',
      '--allow-grpc=false',
      '--allow-metrics=false',
    ],
    // The stub takes its Python from the path.
    {
      LD_LIBRARY_PATH: libraries,
      PYTHONPATH: site,
      PATH: `${join(python, '..')}:${process.env['PATH']}`,
    },
  );
  return ready('http://127.0.0.1:18000', child);
}

/**
 * @param {string} url
 * @param {ReturnType<typeof onCore>} child
 */
async function ready(url, child) {
  // Nobody reads its log, and a full pipe would stop it.
  child.stdout.resume();
  for (let tries = 0; tries < 600; tries++) {
    if (child.exitCode !== null)
      throw new Error(`the server at ${url} ended with exit code ${child.exitCode}`);
    const response = await fetch(`${url}/v2/models/peers/ready`).catch(() => undefined);
    if (response?.ok === true)
      return {
        url: `${url}/v2/models/peers/infer`,
        stop() {
          child.kill('SIGTERM');
          return once(child, 'exit');
        },
      };
    await wait(100);
  }
  throw new Error(`the server at ${url} is not ready after a minute`);
}

/** @param {string} command @param {readonly string[]} args @param {Record<string, string>} environment */
function onCore(command, args, environment) {
  return spawn('taskset', ['-c', process.env['SERVER_CORES'] ?? '0', command, ...args], {
    env: { ...process.env, ...environment },
    stdio: ['pipe', 'pipe', 'inherit'],
  });
}

/**
 * Python of an environment with these packages, the last ones without what they ask for.
 *
 * @param {string} name @param {readonly string[]} packages @param {readonly string[]} [alone] @param {string} [base]
 */
function venv(name, packages, alone = [], base = 'python3') {
  const folder = join(here, `.venv-${name}`);
  const python = join(folder, 'bin/python');
  if (existsSync(join(folder, 'made'))) return python;
  must(base, ['-m', 'venv', '--clear', folder]);
  const install = ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check'];
  must(python, [...install, ...packages]);
  if (alone.length > 0) must(python, [...install, '--no-deps', ...alone]);
  writeFileSync(join(folder, 'made'), '');
  return python;
}

/** @param {string} command @param {readonly string[]} args */
function must(command, args) {
  const { status } = spawnSync(command, args, { stdio: 'inherit' });
  if (status !== 0) throw new Error(`${command} ${args.join(' ')} ended with exit code ${status}`);
}
