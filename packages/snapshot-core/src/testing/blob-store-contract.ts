import { readAll, sha256, streamOf } from '@snapshot-ensemble/bytes';
import type { BlobStore } from '../blob-store.ts';
import { check, checkEqual, failureCode, type ContractCase } from './contract.ts';

const text = (value: string): Uint8Array => new TextEncoder().encode(value);

const write = async (blobs: BlobStore, key: string, value: string): Promise<string> =>
  (await blobs.write(key, streamOf(text(value)))).version;

const read = async (blobs: BlobStore, key: string): Promise<string> =>
  new TextDecoder().decode(await readAll(blobs.read(key)));

const keysOf = async (blobs: BlobStore, prefix: string): Promise<string[]> => {
  const keys: string[] = [];
  for await (const { key } of blobs.list(prefix)) keys.push(key);
  return keys;
};

// eslint-disable-next-line @typescript-eslint/require-await -- a stream that breaks off
async function* brokenStream(): AsyncGenerator<Uint8Array> {
  yield text('half');
  throw new Error('the source broke off');
}

/** Digits, each in the memory of the one before. */
// eslint-disable-next-line @typescript-eslint/require-await -- a stream is asynchronous for its reader's sake
async function* reusedMemory(): AsyncGenerator<Uint8Array> {
  const chunk = new Uint8Array(1);
  for (const digit of text('0123')) {
    chunk[0] = digit;
    yield chunk;
  }
}

const unsafeKeys = [
  '',
  '.',
  '..',
  '../a',
  'a/../b',
  '/a',
  'a/',
  'a//b',
  'a/./b',
  'a\\b',
  'a b',
  'ä',
  'a\0b',
  'C:a',
];

const cases: Readonly<Record<string, (blobs: BlobStore) => Promise<void>>> = {
  async 'reads back what was written, however it was cut into chunks'(blobs) {
    const bytes = Uint8Array.from({ length: 300_000 }, (_, index) => (index * 31) % 251);
    const chunks = [
      bytes.subarray(0, 1),
      bytes.subarray(1, 1),
      bytes.subarray(1, 200_000),
      bytes.subarray(200_000),
    ];
    const written = await blobs.write('members/a.bin', streamOf(...chunks));
    const hash = sha256();
    hash.update(bytes);
    checkEqual(written.sha256, hash.hex(), 'the SHA-256 of a write');
    checkEqual(written.bytes, bytes.byteLength, 'the size of a write');
    const found = await readAll(blobs.read('members/a.bin'));
    check(sameBytes(found, bytes), 'the bytes read are not the bytes written.');
  },
  async 'keeps no chunk of a stream, which may use its memory again'(blobs) {
    await blobs.write('a', reusedMemory());
    checkEqual(await read(blobs, 'a'), '0123', 'the bytes read');
  },
  async 'holds an empty blob'(blobs) {
    await blobs.write('empty', streamOf());
    checkEqual((await readAll(blobs.read('empty'))).byteLength, 0, 'the size of an empty blob');
    checkEqual(await keysOf(blobs, ''), ['empty'], 'the list');
  },
  async 'reads ranges [start, end)'(blobs) {
    await write(blobs, 'a', '0123456789');
    for (const [start, end] of [
      [0, 10],
      [0, 1],
      [3, 7],
      [9, 10],
      [5, 5],
      [8, 20],
    ] as const) {
      const part = new TextDecoder().decode(await readAll(blobs.read('a', { start, end })));
      checkEqual(part, '0123456789'.slice(start, end), `the range [${start}, ${end})`);
    }
  },
  async 'replaces a blob as a whole'(blobs) {
    const first = await write(blobs, 'a', 'first, and longer');
    const second = await write(blobs, 'a', 'second');
    checkEqual(await read(blobs, 'a'), 'second', 'the blob');
    check(first !== second, 'two states of a blob share a version.');
  },
  async 'does not share memory with its callers'(blobs) {
    const bytes = text('before');
    await blobs.write('a', streamOf(bytes));
    bytes.fill(0);
    const found = await readAll(blobs.read('a'));
    found.fill(0);
    for await (const chunk of blobs.read('a')) chunk.fill(0);
    checkEqual(await read(blobs, 'a'), 'before', 'the blob');
  },
  async 'leaves nothing behind when the source breaks off'(blobs) {
    await write(blobs, 'kept', 'whole');
    for (const key of ['new', 'kept']) {
      await failureCode(() => blobs.write(key, brokenStream()), 'a write from a broken source');
    }
    checkEqual(await keysOf(blobs, ''), ['kept'], 'the list');
    checkEqual(await read(blobs, 'kept'), 'whole', 'the blob');
  },
  async 'says not-found for a key that is not there'(blobs) {
    await write(blobs, 'folder/a', '');
    for (const key of ['missing', 'folder', 'folder/a/b']) {
      checkEqual(
        await failureCode(() => read(blobs, key), 'reading a missing key'),
        'not-found',
        'the code',
      );
    }
  },
  async 'lists by prefix, sorted by key'(blobs) {
    const keys = ['b', 'a/2', 'a/10', 'a.b', 'ab', 'C', 'a/b/c'];
    for (const key of keys) await write(blobs, key, key);
    checkEqual(await keysOf(blobs, ''), keys.toSorted(), 'the list of all');
    for (const prefix of ['a', 'a/', 'a/1', 'a/b/', 'x', 'a/b/c', 'a/b/cd']) {
      const expected = keys.filter((key) => key.startsWith(prefix)).toSorted();
      checkEqual(await keysOf(blobs, prefix), expected, `the list of "${prefix}"`);
    }
  },
  async 'lists sizes and the versions that writes returned'(blobs) {
    const version = await write(blobs, 'a', 'four');
    for await (const info of blobs.list('a'))
      checkEqual(info, { key: 'a', bytes: 4, version }, 'the entry');
  },
  async 'removes, and removing again does nothing'(blobs) {
    await write(blobs, 'x/a', 'a');
    await blobs.remove('x/a');
    await blobs.remove('x/a');
    await blobs.remove('never/was');
    checkEqual(await keysOf(blobs, ''), [], 'the list');
  },
  async 'writes with ifAbsent only where nothing is'(blobs) {
    await blobs.write('a', streamOf(text('first')), { ifAbsent: true });
    const again = (): Promise<unknown> =>
      blobs.write('a', streamOf(text('second')), { ifAbsent: true });
    checkEqual(await failureCode(again, 'a second write with ifAbsent'), 'conflict', 'the code');
    checkEqual(await read(blobs, 'a'), 'first', 'the blob');
    await blobs.remove('a');
    await again();
    checkEqual(await read(blobs, 'a'), 'second', 'the blob');
  },
  async 'writes with ifMatch only over that version'(blobs) {
    const first = await write(blobs, 'a', 'first');
    const { version } = await blobs.write('a', streamOf(text('second')), { ifMatch: first });
    for (const [key, ifMatch] of [
      ['a', first],
      ['missing', version],
    ] as const) {
      const stale = (): Promise<unknown> => blobs.write(key, streamOf(text('stale')), { ifMatch });
      checkEqual(await failureCode(stale, 'a write over another version'), 'conflict', 'the code');
    }
    checkEqual(await read(blobs, 'a'), 'second', 'the blob');
    checkEqual(await keysOf(blobs, ''), ['a'], 'the list');
  },
  async 'lets one of many writers win, whatever the condition'(blobs) {
    const contest = async (condition: Parameters<BlobStore['write']>[2]): Promise<number> => {
      const attempts = Array.from({ length: 8 }, (_, index) =>
        blobs.write('a', streamOf(text(`writer ${index}`)), condition),
      );
      const results = await Promise.allSettled(attempts);
      return results.filter(({ status }) => status === 'fulfilled').length;
    };
    checkEqual(await contest({ ifAbsent: true }), 1, 'the number of winners with ifAbsent');
    for (let round = 0; round < 5; round += 1) {
      const ifMatch = await write(blobs, 'a', `round ${round}`);
      checkEqual(await contest({ ifMatch }), 1, 'the number of winners with ifMatch');
    }
  },
  async 'never shows a reader half a blob'(blobs) {
    const states = ['a', 'b'].map((letter) => letter.repeat(5000));
    await write(blobs, 'a', states[0]!);
    const writing = (async () => {
      for (let round = 0; round < 20; round += 1) await write(blobs, 'a', states[round % 2]!);
    })();
    for (let round = 0; round < 20; round += 1) {
      check(states.includes(await read(blobs, 'a')), 'a reader saw a mixture of two states.');
    }
    await writing;
  },
  async 'refuses keys that could leave the store'(blobs) {
    for (const key of unsafeKeys) {
      const actions = [
        () => write(blobs, key, ''),
        () => read(blobs, key),
        () => blobs.remove(key),
      ];
      for (const action of actions) {
        checkEqual(
          await failureCode(action, `key ${JSON.stringify(key)}`),
          'unsafe-key',
          'the code',
        );
      }
    }
  },
};

/**
 * What every blob store must do. `makeBlobs` returns an empty store; each case takes a new one. Pass the cases to any
 * test runner: `for (const { name, run } of blobStoreContract(make)) it(name, run)`.
 */
export function blobStoreContract(
  makeBlobs: () => BlobStore | Promise<BlobStore>,
): readonly ContractCase[] {
  return Object.entries(cases).map(([name, body]) => ({
    name,
    run: async () => {
      await body(await makeBlobs());
    },
  }));
}

function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.byteLength === b.byteLength && a.every((byte, index) => byte === b[index]);
}
