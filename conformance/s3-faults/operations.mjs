// @ts-check
// Operations through the proxy, and the contracts. Prints JSON lines for check.py.
// node operations.mjs URL-OF-BUCKET [OPERATIONS, default 2000]
import { setTimeout as pause } from 'node:timers/promises';
import { createSnapshotStore } from '../../packages/snapshot-core/dist/index.js';
import { s3Blobs } from '../../packages/snapshot-core/dist/s3/index.js';
import {
  blobStoreContract,
  storeContract,
} from '../../packages/snapshot-core/dist/testing/index.js';
import {
  faultKinds,
  operate,
  seededNumbers,
} from '../../packages/snapshot-core/test/s3/server-faults.mjs';
import { faultProxy, keys } from './proxy.mjs';

const [bucketUrl = '', count = '2000'] = process.argv.slice(2);
const share = 0.2;
const longBytes = 9 * 2 ** 20;
const methods = ['GET', 'HEAD', 'PUT', 'POST', 'DELETE'];
/** Far above what moto takes: what runs into it was planted, on most machines. */
const timeoutMs = 400;

/** @param {string} url @param {Partial<import('../../packages/snapshot-core/dist/s3/index.js').S3Options>} [options] */
const open = (url, options = {}) =>
  s3Blobs({
    url,
    credentials: keys,
    timeoutMs,
    wait: (ms) => pause(ms / 10),
    ...options,
  });

/** Every fortieth goes in parts. @param {number} index */
const textFor = (index) =>
  index % 40 === 0 ? `value ${index}`.padEnd(longBytes, '.') : `value ${index}`;

/** @param {string} name @param {boolean} ok @param {string} message */
function report(name, ok, message) {
  console.log(JSON.stringify({ name, ok, message }));
}

/** @param {readonly (string | number)[]} cells */
function row(cells) {
  const text = `    | ${String(cells[0]).padEnd(18)} | ${cells
    .slice(1)
    .map((cell) => String(cell).padStart(6))
    .join(' | ')} |`;
  console.log(JSON.stringify({ text }));
}

/** @param {Record<string, number>} planted */
function table(planted) {
  row(['fault', ...methods]);
  for (const kind of faultKinds)
    row([kind, ...methods.map((method) => planted[`${kind} ${method}`] ?? 0)]);
}

/**
 * @param {string} folder @param {number} operations
 * @param {Partial<import('../../packages/snapshot-core/dist/s3/index.js').S3Options>} options
 * @param {(blobs: ReturnType<typeof s3Blobs>) => ReturnType<typeof s3Blobs>} [wrap]
 */
async function operations(folder, operations, options, wrap = (blobs) => blobs) {
  const proxy = await faultProxy(bucketUrl, { share, seed: 7 });
  const blobs = wrap(open(proxy.url, { folder, ...options }));
  const stored = (/** @type {string} */ key) => proxy.stored(`${folder}/${key}`);
  const result = await operate(blobs, { stored, operations, random: seededNumbers(8), textFor });
  proxy.close();
  return { ...result, planted: proxy.planted, requests: proxy.requests() };
}

{
  const { outcomes, wrong, planted, requests } = await operations('patient', Number(count), {});
  table(planted);
  const faults = Object.values(planted).reduce((sum, count) => sum + count, 0);
  const message = `${requests} requests, ${faults} faults, ${JSON.stringify(outcomes)}${wrong.length > 0 ? `; ${wrong.slice(0, 5).join('; ')}` : ''}`;
  report(`${count} operations, nothing believed that is not there`, wrong.length === 0, message);
  const isEach = faultKinds.every((kind) => methods.some((method) => planted[`${kind} ${method}`]));
  report(
    'every fault occurred',
    isEach,
    `${Object.keys(planted).length} pairs of fault and method`,
  );
}
{
  const { outcomes, wrong } = await operations('impatient', 300, { retries: 0 });
  const isTried = (outcomes['io'] ?? 0) > 30;
  report(
    '300 operations without a second attempt, nothing believed that is not there',
    wrong.length === 0 && isTried,
    `${JSON.stringify(outcomes)}; ${wrong.slice(0, 5).join('; ')}`,
  );
}
{
  const { wrong } = await operations('gullible', 100, { retries: 0 }, (blobs) => ({
    ...blobs,
    write: (...all) => blobs.write(...all).catch(() => ({ version: '', sha256: '', bytes: 0 })),
  }));
  report(
    'a client that takes an error for success is found out (planted)',
    wrong.length > 0,
    wrong[0] ?? 'it was not',
  );
}
{
  const proxy = await faultProxy(bucketUrl, { share, seed: 9 });
  let folders = 0;
  const make = () => open(proxy.url, { folder: `contract-${(folders += 1)}`, retries: 16 });
  const makeStore = () => {
    const blobs = make();
    return () => createSnapshotStore(blobs);
  };
  const cases = [...blobStoreContract(make), ...storeContract(makeStore)];
  const broken = [];
  let replaced = 0;
  for (const { name, run } of cases) {
    try {
      await run();
    } catch (error) {
      const said = error instanceof Error ? error.message : String(error);
      // What breaks off cannot go on where another writer has replaced it; to say so is all that is promised.
      if (said.endsWith('was replaced while it was read.')) replaced += 1;
      else broken.push(`${name}: ${said}`);
    }
  }
  proxy.close();
  const faults = Object.values(proxy.planted).reduce((sum, count) => sum + count, 0);
  report(
    `${cases.length} cases of the contracts through the proxy`,
    broken.length === 0 && replaced <= 1,
    broken.join('; ') ||
      `${proxy.requests()} requests, ${faults} faults; ${replaced} ended because a blob was replaced while it was read`,
  );
}
