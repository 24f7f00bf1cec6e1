// @ts-check
// Makes a folder that runs check.mjs on a machine with a GPU but without npm and without a network:
// `npm run build && node conformance/cuda/prepare.mjs FOLDER`, copy it there, then `FOLDER/run`.
// The CUDA provider comes from PyPI's onnxruntime-gpu of the version of onnxruntime-node. It is built for CUDA 13 (1.30.0: libcublas.so.13,
// libcudart.so.13, libcurand.so.10, cuDNN 9), while the install script of onnxruntime-node names its package for CUDA 12.
import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../../', import.meta.url));
const folder = process.argv[2];
if (folder === undefined) throw new Error('Name the folder to make: node prepare.mjs FOLDER');

const modules = join(folder, 'node_modules');
copyPackage('@snapshot-ensemble/ensemble-runtime');

const ort = realpathSync(join(root, 'node_modules/onnxruntime-node'));
const binaries = 'bin/napi-v6/linux/x64';
for (const part of ['package.json', 'dist', 'lib', binaries])
  cpSync(join(ort, part), join(modules, 'onnxruntime-node', part), { recursive: true });
const { version } = JSON.parse(readFileSync(join(ort, 'package.json'), 'utf8'));
copyProvider(version, join(modules, 'onnxruntime-node', binaries));

cpSync(process.execPath, join(folder, 'node'));
for (const part of ['cuda/check.mjs', 'serving/golden'])
  cpSync(join(root, 'conformance', part), join(folder, 'conformance', part), { recursive: true });
// pip's NVIDIA packages keep their libraries in folders of their own.
writeFileSync(
  join(folder, 'run'),
  `#!/bin/bash
cd "$(dirname "$0")"
for site in $(python3 -c 'import site, sys; print(*site.getsitepackages(), *sys.path)' 2>/dev/null); do
  for lib in "$site"/nvidia/*/lib; do [ -d "$lib" ] && export LD_LIBRARY_PATH="$lib:$LD_LIBRARY_PATH"; done
done
echo "# exact products"; NVIDIA_TF32_OVERRIDE=0 ./node conformance/cuda/check.mjs || status=1
echo "# as CUDA does them by default"; ./node conformance/cuda/check.mjs || status=1
exit \${status:-0}
`,
);
chmodSync(join(folder, 'run'), 0o755);
console.log(`made ${folder}`);

/**
 * A package as it is built, and those that it depends on.
 *
 * @param {string} name
 */
function copyPackage(name) {
  const from = realpathSync(join(root, 'node_modules', name));
  const to = join(modules, name);
  if (existsSync(to)) return;
  const isOurs = name.startsWith('@snapshot-ensemble/');
  for (const part of isOurs ? ['package.json', 'dist'] : ['.'])
    cpSync(join(from, part), join(to, part), { recursive: true });
  const { dependencies = {} } = JSON.parse(readFileSync(join(from, 'package.json'), 'utf8'));
  for (const dependency of Object.keys(dependencies)) copyPackage(dependency);
}

/**
 * @param {string} version
 * @param {string} to
 */
function copyProvider(version, to) {
  const scratch = mkdtempSync(join(tmpdir(), 'provider-'));
  try {
    run('python3', [
      '-m',
      'pip',
      'download',
      '-q',
      '--no-deps',
      '-d',
      scratch,
      `onnxruntime-gpu==${version}`,
    ]);
    const unpack = `
import glob, sys, zipfile
wheel = zipfile.ZipFile(glob.glob(sys.argv[1] + '/*.whl')[0])
for name in ('shared', 'cuda'):
    file = f'libonnxruntime_providers_{name}.so'
    open(f'{sys.argv[2]}/{file}', 'wb').write(wheel.read('onnxruntime/capi/' + file))
`;
    run('python3', ['-c', unpack, scratch, to]);
  } finally {
    rmSync(scratch, { recursive: true });
  }
}

/**
 * @param {string} command
 * @param {readonly string[]} words
 */
function run(command, words) {
  const { status } = spawnSync(command, words, { stdio: 'inherit' });
  if (status !== 0)
    throw new Error(`${command} ${words.slice(0, 3).join(' ')} ended with ${status}`);
}
