// @ts-check
// Packs every public package from a clean build and looks at the tarballs: publint, are-the-types-wrong, what is in them,
// and whether an empty project can install and import them. `--built` takes the build that is there: of a fresh checkout, say.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';
import { installEnvironment } from './install.mjs';
import { codeBlocks } from './readme.mjs';
import { workspaces } from './workspaces.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const packages = workspaces(root).filter(({ private: hidden }) => !hidden);
const bin = (/** @type {string} */ name) => join(root, 'node_modules/.bin', name);

if (!process.argv.includes('--built')) {
  // `tsc -b` never deletes: what a deleted source left behind must not ship.
  for (const { folder } of packages)
    rmSync(join(root, folder, 'dist'), { recursive: true, force: true });
  await must(
    'npx',
    ['nx', 'run-many', '-t', 'build', '--skip-nx-cache', '--outputStyle', 'static'],
    root,
  );
}

const work = mkdtempSync(join(tmpdir(), 'pack-check-'));
const tarballs = join(work, 'tarballs');
mkdirSync(tarballs);
let passed = 0;
/** @type {string[]} */
const complaints = [];
/** Checks that wait for a processor. @type {(() => Promise<void>)[]} */
const waiting = [];

/** @type {Record<string, string>} */
const files = {};
for (const { folder, name, json } of packages) {
  const packed = JSON.parse(
    await must(
      'npm',
      ['pack', '--json', '--pack-destination', tarballs, '--workspace', folder],
      root,
    ),
  );
  const [entry] = Array.isArray(packed) ? packed : Object.values(packed);
  const tarball = join(tarballs, entry.filename.replace('@', '').replace('/', '-'));
  files[name] = tarball;
  console.log(
    `\n${name}: ${(entry.size / 1024).toFixed(1)} KiB packed, ${(entry.unpackedSize / 1024).toFixed(1)} KiB unpacked, ${entry.files.length} files`,
  );
  check(`${name} passes publint`, bin('publint'), ['run', tarball, '--strict'], root);
  check(
    `${name} passes are-the-types-wrong`,
    bin('attw'),
    [tarball, '--profile', 'esm-only', '--exclude-entrypoints', './package.json'],
    root,
  );
  const paths = entry.files.map((/** @type {{ path: string }} */ file) => file.path);
  expect(
    `${name} ships a README and a licence`,
    ['README.md', 'LICENSE'].every((path) => paths.includes(path)),
  );
  expect(
    `${name} ships no tests and no build state`,
    !paths.some((/** @type {string} */ path) =>
      /\.test(-d)?\.|\.tsbuildinfo$|(^|\/)\.venv/.test(path),
    ),
  );
  expect(
    `${name} ships the source behind every built file`,
    paths
      .filter(
        (/** @type {string} */ path) =>
          path.startsWith('dist/') && path.endsWith('.js') && !path.includes('generated'),
      )
      .every((/** @type {string} */ path) =>
        paths.includes(path.replace(/^dist\//, 'src/').replace(/\.js$/, '.ts')),
      ),
  );
  expect(
    `${name} declares what it is`,
    json.license === 'MIT' && typeof json.description === 'string' && json.keywords.length >= 5,
  );
}

await Promise.all([installInEmptyProject(), commandLineAlone(), runWaiting()]);
await runWaiting();
rmSync(work, { recursive: true, force: true });
for (const complaint of complaints) console.error(`FAILED ${complaint}`);
console.log(`${passed} passed, ${complaints.length} failed`);
process.exitCode = complaints.length === 0 ? 0 : 1;

/** Each package alone with what npm brings for it: the three doors must not need one another. */
async function installInEmptyProject() {
  const project = join(work, 'project');
  mkdirSync(project);
  writeFileSync(
    join(project, 'package.json'),
    JSON.stringify({
      private: true,
      type: 'module',
      dependencies: {
        // npm brings required peers by itself; the optional ones are what some entries are about.
        ...Object.assign({}, ...packages.map(({ json }) => json.peerDependencies)),
        ...Object.fromEntries(Object.entries(files).map(([name, file]) => [name, `file:${file}`])),
      },
      allowScripts: { 'onnxruntime-node': false },
    }),
  );
  writeFileSync(join(project, '.npmrc'), 'fund=false\naudit=false\n');
  await must('npm', ['install', '--no-package-lock'], project);
  for (const { name, json } of packages)
    for (const [subpath, target] of Object.entries(json.exports)) {
      if (subpath === './package.json' || isBrowserOnly(target)) continue;
      const specifier = subpath === '.' ? name : `${name}/${subpath.slice(2)}`;
      const attributes = subpath.endsWith('.json') ? ", { with: { type: 'json' } }" : '';
      check(
        `an empty project imports ${specifier}`,
        process.execPath,
        ['--input-type=module', '-e', `await import(${JSON.stringify(specifier)}${attributes})`],
        project,
      );
    }
  runConverters(project);
  await typeCheckWithOldTypeScript(project);
}

/** The command line in an empty folder, without anything optional: it draws, and says what to type for what is missing. */
async function commandLineAlone() {
  const project = join(work, 'alone');
  mkdirSync(project);
  writeFileSync(join(project, 'package.json'), '{ "private": true }');
  const needed = Object.entries(files).filter(([name]) => !/adapter-tfjs|wasm-training/.test(name));
  await must('npm', ['install', '--no-package-lock', ...needed.map(([, file]) => file)], project);
  expect(
    'the command line brings neither onnxruntime-node nor TensorFlow.js',
    !['onnxruntime-node', '@tensorflow'].some((name) =>
      existsSync(join(project, 'node_modules', name)),
    ),
  );
  check(
    'npx snapshot-ensemble plot',
    'npx',
    ['snapshot-ensemble', 'plot', '--total-steps', '9'],
    project,
  );
  const bundle = join(root, 'conformance/serving/golden/tiny');
  /** @type {[string[], number, string][]} */
  const missing = [
    [
      ['serve', bundle, '--port', '0'],
      3,
      'ONNXRUNTIME_NODE_INSTALL=skip npm install onnxruntime-node',
    ],
    [['train', 'train.mjs'], 3, 'npm install @tensorflow/tfjs'],
    [['plot'], 2, '--total-steps'],
  ];
  for (const [words, code, says] of missing) {
    const { status, stderr } = await run('npx', ['snapshot-ensemble', ...words], project);
    expect(
      `npx snapshot-ensemble ${words[0]} ends with ${code} and says "${says}": ${status}, ${stderr}`,
      status === code && stderr.includes(says),
    );
  }
}

/**
 * Converters that a user writes, through the public entries alone: the program of export-onnx's page about them.
 *
 * @param {string} project Where the packages are installed.
 */
function runConverters(project) {
  const page = 'packages/export-onnx/CONVERTERS.md';
  const [block] = codeBlocks(page, readFileSync(join(root, page), 'utf8')).filter(
    ({ language }) => language === 'ts',
  );
  const { outputText } = ts.transpileModule(block.code, {
    compilerOptions: { target: ts.ScriptTarget.ES2022, module: ts.ModuleKind.ESNext },
  });
  const file = join(project, 'converters.mjs');
  writeFileSync(file, outputText);
  check(`${page} runs from the tarballs`, process.execPath, [file], project);
}

/**
 * The oldest TypeScript that `schedules` promises to work with; installed beside nothing else, so that it cannot replace the repo's own.
 *
 * @param {string} project Where the packages are installed.
 */
async function typeCheckWithOldTypeScript(project) {
  const compiler = join(work, 'typescript-5.4');
  mkdirSync(compiler);
  writeFileSync(join(compiler, 'package.json'), '{ "private": true }');
  await must('npm', ['install', '--no-package-lock', 'typescript@5.4.5'], compiler);
  const source = join(project, 'entries.ts');
  writeFileSync(
    source,
    ['', '/compat', '/pictures']
      .map(
        (entry, index) =>
          `import * as entry${index} from '@snapshot-ensemble/schedules${entry}';\nexport { entry${index} };\n`,
      )
      .join(''),
  );
  for (const [module, moduleResolution] of [
    ['nodenext', 'nodenext'],
    ['preserve', 'bundler'],
  ]) {
    const config = join(project, `tsconfig.${module}.json`);
    const compilerOptions = {
      module,
      moduleResolution,
      target: 'es2022',
      types: [],
      strict: true,
      noEmit: true,
    };
    writeFileSync(config, JSON.stringify({ compilerOptions, files: [source] }));
    const tsc = join(compiler, 'node_modules/typescript/bin/tsc');
    check(
      `schedules has types for TypeScript 5.4 (${moduleResolution})`,
      process.execPath,
      [tsc, '-p', config],
      project,
    );
  }
}

/** @param {unknown} target An entry of `exports`. */
function isBrowserOnly(target) {
  return (
    typeof target === 'object' && target !== null && 'browser' in target && !('default' in target)
  );
}

/**
 * Puts a command in line that must succeed.
 *
 * @param {string} title
 * @param {string} command
 * @param {readonly string[]} args
 * @param {string} cwd
 */
function check(title, command, args, cwd) {
  waiting.push(async () => {
    const { status, stdout, stderr } = await run(command, args, cwd);
    expect(`${title}\n${stdout}${stderr}`, status === 0);
  });
}

/** Runs what waits, one check for each processor. */
async function runWaiting() {
  const worker = async () => {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) await next();
  };
  await Promise.all(Array.from({ length: availableParallelism() }, worker));
}

/**
 * @param {string} title
 * @param {boolean} holds
 */
function expect(title, holds) {
  if (holds) passed += 1;
  else complaints.push(title);
}

/**
 * @param {string} command
 * @param {readonly string[]} args
 * @param {string} cwd
 */
async function run(command, args, cwd) {
  const env = { ...installEnvironment(process.env), NX_DAEMON: 'false', NX_TUI: 'false' };
  const child = spawn(command, args, { cwd, env, stdio: ['ignore', 'pipe', 'pipe'] });
  const closed = once(child, 'close');
  const [stdout, stderr] = await Promise.all([text(child.stdout), text(child.stderr)]);
  const [status] = await closed;
  return { status, stdout, stderr };
}

/**
 * @param {string} command
 * @param {readonly string[]} args
 * @param {string} cwd
 */
async function must(command, args, cwd) {
  const { status, stdout, stderr } = await run(command, args, cwd);
  if (status !== 0) {
    console.error(`${command} ${args.join(' ')} failed:\n${stdout}${stderr}`);
    process.exit(1);
  }
  return stdout;
}
