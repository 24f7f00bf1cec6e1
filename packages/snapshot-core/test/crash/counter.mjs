// @ts-check
// Counts a blob up by compare-and-swap, so many times. node counter.mjs FOLDER ROUNDS
import { writeSync } from 'node:fs';
import { fileBlobs } from '../../dist/node/index.js';

const [folder = '', rounds = '1'] = process.argv.slice(2);
const blobs = fileBlobs(folder);

async function version() {
  for await (const info of blobs.list('counter')) return info.version;
  throw new Error('There is no counter.');
}

/** The count and the version it is of. */
async function read() {
  for (;;) {
    const before = await version();
    let text = '';
    for await (const chunk of blobs.read('counter')) text += new TextDecoder().decode(chunk);
    if (before === (await version())) return { value: Number(text), version: before };
  }
}

/** @param {number} value */
async function* bytesOf(value) {
  yield new TextEncoder().encode(String(value));
}

for (let done = 0; done < Number(rounds);) {
  const seen = await read();
  try {
    await blobs.write('counter', bytesOf(seen.value + 1), { ifMatch: seen.version });
    done += 1;
    writeSync(1, `counted ${seen.value + 1}\n`);
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'conflict')) throw error;
  }
}
