// @ts-check
// Runs the contracts on s3Blobs. node s3.mjs URL-OF-BUCKET; prints one JSON line per case.
import { AwsClient } from 'aws4fetch';
import {
  createSnapshotStore,
  memoryBlobs,
  StoreError,
} from '../../packages/snapshot-core/dist/index.js';
import { s3Blobs } from '../../packages/snapshot-core/dist/s3/index.js';
import {
  blobStoreContract,
  storeContract,
} from '../../packages/snapshot-core/dist/testing/index.js';

const [url = ''] = process.argv.slice(2);
const partBytes = 8 * 1024 * 1024;
let folders = 0;
const keys = { accessKeyId: 'any', secretAccessKey: 'any' };
/** Somebody else with the same rights. */
const other = new AwsClient({ ...keys, retries: 2, service: 's3', region: 'us-east-1' });
const make = () => s3Blobs({ url, credentials: keys, retries: 2, folder: `run-${(folders += 1)}` });

/** @param {string} name @param {() => Promise<void>} run */
async function report(name, run) {
  try {
    await run();
    console.log(JSON.stringify({ name, ok: true }));
  } catch (error) {
    console.log(JSON.stringify({ name, ok: false, message: String(error) }));
  }
}

/** @param {boolean} condition @param {string} message */
function check(condition, message) {
  if (!condition) throw new Error(message);
}

/** @param {AsyncIterable<Uint8Array>} chunks */
async function readAll(chunks) {
  const parts = [];
  for await (const chunk of chunks) parts.push(chunk);
  return Buffer.concat(parts);
}

/** @param {Uint8Array[]} chunks */
async function* streamOf(...chunks) {
  yield* chunks;
}

for (const { name, run } of blobStoreContract(make)) await report(`blob store: ${name}`, run);
const makeStore = () => {
  const blobs = make();
  return () => createSnapshotStore(blobs);
};
for (const { name, run } of storeContract(makeStore)) await report(`store: ${name}`, run);

await report('uploads in parts what is long', async () => {
  const blobs = make();
  for (const length of [
    partBytes - 1,
    partBytes,
    partBytes + 1,
    2 * partBytes,
    2 * partBytes + 5,
  ]) {
    const bytes = Buffer.alloc(length, 'snapshot');
    const cut = Math.floor(length / 3);
    const written = await blobs.write(
      'long',
      streamOf(bytes.subarray(0, cut), bytes.subarray(cut)),
    );
    const found = await readAll(blobs.read('long'));
    check(found.equals(bytes) && written.bytes === length, `${length} bytes came back changed`);
    const part = await readAll(blobs.read('long', { start: partBytes - 3, end: length }));
    check(
      part.equals(bytes.subarray(partBytes - 3)),
      `a range of ${length} bytes came back changed`,
    );
  }
});

await report('leaves nothing of a long upload that breaks off', async () => {
  const blobs = make();
  async function* broken() {
    yield Buffer.alloc(partBytes * 2 + 1);
    throw new Error('the source broke off');
  }
  await blobs.write('long', broken()).then(
    () => check(false, 'it was written'),
    () => undefined,
  );
  for await (const { key } of blobs.list('')) check(false, `${key} is there`);
  const unfinished = await (await other.fetch(`${url}?uploads=`)).text();
  check(unfinished.includes('<ListMultipartUploadsResult'), `the list of uploads is ${unfinished}`);
  check(!unfinished.includes('<Upload>'), 'an unfinished upload is left');
});

await report('reads more keys than one page holds', async () => {
  const blobs = make();
  const keys = Array.from({ length: 1005 }, (_, index) => `k/${String(index).padStart(4, '0')}`);
  for (let first = 0; first < keys.length; first += 50) {
    await Promise.all(keys.slice(first, first + 50).map((key) => blobs.write(key, streamOf())));
  }
  const found = [];
  for await (const { key } of blobs.list('k/')) found.push(key);
  check(JSON.stringify(found) === JSON.stringify(keys), `${found.length} keys were listed`);
});

await report('finds a byte that was changed behind its back (planted)', async () => {
  const folder = `run-${(folders += 1)}`;
  const blobs = s3Blobs({ url, credentials: keys, retries: 2, folder });
  await blobs.write('a', streamOf(Buffer.from('as it was')));
  const sha256 = (await other.fetch(`${url}/${folder}/a`)).headers.get('x-amz-meta-sha256') ?? '';
  const headers = { 'x-amz-meta-sha256': sha256 };
  await other.fetch(`${url}/${folder}/a`, { method: 'PUT', body: 'as it is!', headers });
  const code = await readAll(blobs.read('a')).then(
    () => 'nothing',
    (error) => (error instanceof StoreError ? error.code : String(error)),
  );
  check(code === 'damaged', `it said ${code}`);
});

await report('a store without conditions would be found out (planted)', async () => {
  const cases = blobStoreContract(() => {
    const blobs = memoryBlobs();
    return { ...blobs, write: (key, chunks) => blobs.write(key, chunks) };
  });
  const failed = await Promise.all(
    cases.map(({ run }) =>
      run().then(
        () => false,
        () => true,
      ),
    ),
  );
  check(failed.includes(true), 'it passed');
});
