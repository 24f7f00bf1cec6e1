// @ts-check
// Installs every package as its README says, alone in an empty folder, from tarballs, with npm, pnpm and yarn, and runs the first program of
// the README there. Takes long: before a release. `node tools/install-check.mjs [--manager npm,pnpm,yarn] [--package FOLDER,…]`
// Needs built packages.
import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import ts from 'typescript';
import { installEnvironment } from './install.mjs';
import { codeBlocks } from './readme.mjs';
import { workspaces } from './workspaces.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const { values } = parseArgs({
  options: { manager: { type: 'string' }, package: { type: 'string' } },
});

/**
 * How each manager is called, and the key under which its package.json says where our packages come from.
 *
 * @type {Record<string, { command: string[], packageJson: (files: Record<string, string>) => object, config: Record<string, string> }>}
 */
const managers = {
  npm: {
    command: ['npm', 'install', '--no-package-lock', '--no-fund', '--no-audit'],
    packageJson: (overrides) => ({ overrides }),
    config: {},
  },
  pnpm: {
    command: ['npx', '--yes', 'pnpm@10.34.8', 'install', '--no-lockfile'],
    packageJson: (overrides) => ({ pnpm: { overrides } }),
    config: {},
  },
  yarn: {
    command: ['npx', '--yes', '--package', '@yarnpkg/cli-dist@4.9.4', 'yarn', 'install'],
    packageJson: (resolutions) => ({ resolutions }),
    config: {
      'yarn.lock': '',
      '.yarnrc.yml':
        'nodeLinker: node-modules\nenableTelemetry: false\nenableImmutableInstalls: false\nenableScripts: false\n',
    },
  },
};

const packages = workspaces(root).filter(({ private: hidden }) => !hidden);
const work = mkdtempSync(join(tmpdir(), 'install-check-'));
let [passed, failed] = [0, 0];
try {
  const files = packAll();
  for (const { folder, name } of chosen(packages, 'package', ({ folder }) => folder.split('/')[1]))
    for (const manager of chosen(Object.keys(managers), 'manager', (one) => one)) {
      const fault = faultOf(manager, folder, files);
      if (fault === undefined) passed += 1;
      else failed += 1;
      console.log(
        `${fault === undefined ? 'ok    ' : 'FAILED'} ${manager}: ${name} ${fault ?? ''}`,
      );
    }
} finally {
  rmSync(work, { recursive: true, force: true });
}
console.log(`${passed} passed, ${failed} failed`);
process.exitCode = failed === 0 ? 0 : 1;

/** @template T @param {T[]} all @param {'package' | 'manager'} flag @param {(one: T) => string} nameOf */
function chosen(all, flag, nameOf) {
  const wanted = values[flag]?.split(',');
  const unknown = wanted?.find((name) => !all.some((one) => nameOf(one) === name));
  if (unknown !== undefined)
    throw new Error(`--${flag} names "${unknown}". Give some of: ${all.map(nameOf).join(', ')}.`);
  return all.filter((one) => wanted?.includes(nameOf(one)) ?? true);
}

/** @returns {Record<string, string>} Where each tarball is, by package. */
function packAll() {
  return Object.fromEntries(
    packages.map(({ folder, name }) => {
      const packed = run(
        'npm',
        ['pack', '--silent', '--pack-destination', work, `./${folder}`],
        root,
      );
      return [name, `file:${join(work, packed.trim())}`];
    }),
  );
}

/**
 * @param {string} manager
 * @param {string} folder
 * @param {Record<string, string>} files
 * @returns {string | undefined} What went wrong.
 */
function faultOf(manager, folder, files) {
  const page = join(folder, 'README.md');
  const readme = readFileSync(join(root, page), 'utf8');
  const project = mkdtempSync(join(work, `${manager}-`));
  const { command, packageJson, config } = managers[manager];
  try {
    writeFileSync(
      join(project, 'package.json'),
      JSON.stringify({
        private: true,
        type: 'module',
        dependencies: Object.fromEntries(
          installed(readme).map((name) => [name, files[name] ?? versionHere(name)]),
        ),
        ...packageJson(files),
      }),
    );
    for (const [file, text] of Object.entries(config)) writeFileSync(join(project, file), text);
    run(command[0], command.slice(1), project);
    const program = codeBlocks(page, readme).find(({ language }) => language === 'ts');
    if (program === undefined) return undefined;
    const { outputText } = ts.transpileModule(program.code, {
      compilerOptions: { target: ts.ScriptTarget.ES2022, module: ts.ModuleKind.ESNext },
    });
    writeFileSync(join(project, 'program.mjs'), outputText);
    const bundle = join(project, 'bundle');
    mkdirSync(bundle, { recursive: true });
    cpSync(join(root, 'conformance/serving/golden/tiny'), bundle, { recursive: true });
    run(process.execPath, ['program.mjs'], project);
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  } finally {
    rmSync(project, { recursive: true, force: true });
  }
}

/**
 * The packages that the first shell block of a README installs, line by line.
 *
 * @param {string} readme
 */
function installed(readme) {
  const [shell] = codeBlocks('README.md', readme).filter(({ language }) => language === 'sh');
  return [...(shell?.code ?? '').matchAll(/npm install ([^#\n]*)/g)].flatMap(([, names]) =>
    names.trim().split(/\s+/),
  );
}

/** @param {string} name @returns {string} The version that the repo is tested with. */
function versionHere(name) {
  return JSON.parse(readFileSync(join(root, 'node_modules', name, 'package.json'), 'utf8')).version;
}

/** @param {string} command @param {string[]} args @param {string} cwd */
function run(command, args, cwd) {
  const env = { ...installEnvironment(process.env), YARN_ENABLE_GLOBAL_CACHE: 'false' };
  const { status, stdout, stderr } = spawnSync(command, args, { cwd, encoding: 'utf8', env });
  if (status === 0) return stdout;
  throw new Error(`${[command, ...args].join(' ')}: ${`${stdout}${stderr}`.slice(-2_000)}`);
}
