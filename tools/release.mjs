// @ts-check
// `npm run release`: checks what would be published, then publishes. With `--dry-run` it publishes nothing.
import { spawnSync } from 'node:child_process';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { addressFields, addressOf, fillIn } from './address.mjs';
import { workspaces } from './workspaces.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));

/**
 * What npm, or a reader of its page, misses in a package.json. npm compares `repository` with where the build ran before it signs the
 * provenance.
 *
 * @param {Record<string, any>} json
 * @returns {string[]}
 */
export function missingFields(json) {
  const { repository, homepage, bugs, license, keywords, publishConfig } = json;
  return Object.entries({
    repository: repository?.url !== undefined && repository?.directory !== undefined,
    homepage: homepage !== undefined,
    bugs: bugs !== undefined,
    license: license !== undefined,
    keywords: keywords?.length > 0,
    'publishConfig.access': publishConfig?.access === 'public',
  })
    .filter(([, isThere]) => !isThere)
    .map(([field]) => field);
}

/** @param {string} command @param {string[]} args */
function succeeds(command, args) {
  return spawnSync(command, args, { cwd: root, stdio: 'inherit' }).status === 0;
}

/** @param {boolean} isDry */
function release(isDry) {
  const packages = workspaces(root).filter(({ private: hidden }) => !hidden);
  const address = addressOf(root);
  const incomplete = packages
    .map(({ name, json, folder }) => ({
      name,
      missing: missingFields(address ? { ...json, ...addressFields(address, folder) } : json),
    }))
    .filter(({ missing }) => missing.length > 0);
  if (address === undefined)
    console.error(
      'No address of the repository. Set it once, in the root package.json: npm pkg set repository=https://github.com/OWNER/NAME',
    );
  for (const { name, missing } of incomplete)
    console.error(`${name}: package.json lacks ${missing.join(', ')}.`);
  if (!isDry && incomplete.length > 0) {
    console.error('Nothing was published.');
    return false;
  }
  // What is published names the repository; the files in the checkout stay as they are.
  const folders = packages.map(({ folder }) => folder);
  const putBack = address ? fillIn(root, address, folders) : () => undefined;
  try {
    if (!isDry)
      return succeeds('npm', ['run', 'pack:check']) && succeeds('npx', ['changeset', 'publish']);
    return rehearse(packages, new Set(incomplete.map(({ name }) => name)));
  } finally {
    putBack();
  }
}

/**
 * @param {readonly import('./workspaces.mjs').Workspace[]} packages
 * @param {ReadonlySet<string>} incomplete
 */
function rehearse(packages, incomplete) {
  const refused = packages.filter(
    ({ folder }) =>
      !succeeds('npm', ['publish', '--dry-run', '--loglevel', 'error', `./${folder}`]),
  );
  for (const { name } of refused) console.error(`${name}: npm would refuse it.`);
  const bad = new Set([...incomplete, ...refused.map(({ name }) => name)]).size;
  console.log(
    `Nothing was published. ${packages.length - bad} packages are ready, ${bad} are not.`,
  );
  return bad === 0;
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href)
  process.exitCode = release(process.argv.includes('--dry-run')) ? 0 : 1;
