import type { BlobInfo, BlobStore, ByteRange, WriteCondition } from '../blob-store.ts';
import { absent, conditionFailed } from '../blobs/failures.ts';
import { checkKey } from '../keys.ts';
import { sha256 } from '@snapshot-ensemble/bytes';
import { blobTable, chunkTable, piecesOf, type BlobRecord } from './database.ts';
import { committed, resultOf } from './requests.ts';
import { dropPieces, openSwept, whileWriting } from './sweep.ts';

/**
 * Blobs in an IndexedDB database of the browser. The pieces of a blob are stored first, then one transaction
 * names them and drops what they replace.
 */
export function indexedDbBlobs(name: string): BlobStore {
  let opened: Promise<IDBDatabase> | undefined;
  const database = (): Promise<IDBDatabase> => (opened ??= openSwept(name));

  return {
    async *read(key, range) {
      checkKey(key);
      yield* readPieces(await database(), key, range);
    },
    async write(key, chunks, condition) {
      checkKey(key);
      const db = await database();
      return whileWriting(name, async (content) => {
        try {
          const { bytes, digest } = await writePieces(db, content, chunks);
          await publish(db, key, { content, bytes }, condition);
          return { version: content, sha256: digest, bytes };
        } catch (error) {
          await dropPieces(db, content);
          throw error;
        }
      });
    },
    async *list(prefix) {
      const table = (await database()).transaction(blobTable).objectStore(blobTable);
      const [keys, records] = await Promise.all([
        resultOf(table.getAllKeys()),
        resultOf(table.getAll() as IDBRequest<BlobRecord[]>),
      ]);
      const found: BlobInfo[] = [];
      for (const [index, key] of keys.entries()) {
        const record = records[index];
        if (typeof key !== 'string' || !key.startsWith(prefix) || record === undefined) continue;
        found.push({ key, bytes: record.bytes, version: record.content });
      }
      yield* found;
    },
    async remove(key) {
      checkKey(key);
      const transaction = (await database()).transaction([blobTable, chunkTable], 'readwrite');
      const done = committed(transaction);
      const table = transaction.objectStore(blobTable);
      const record = await resultOf(table.get(key) as IDBRequest<BlobRecord | undefined>);
      if (record !== undefined) {
        transaction.objectStore(chunkTable).delete(piecesOf(record.content));
        table.delete(key);
      }
      await done;
    },
  };
}

async function* readPieces(
  database: IDBDatabase,
  key: string,
  range: ByteRange | undefined,
): AsyncGenerator<Uint8Array> {
  const blobs = database.transaction(blobTable).objectStore(blobTable);
  const record = await resultOf(blobs.get(key) as IDBRequest<BlobRecord | undefined>);
  if (record === undefined) throw absent(key);
  const start = range?.start ?? 0;
  const end = Math.min(range?.end ?? record.bytes, record.bytes);
  let position = 0;
  for (let index = 0; position < end; index += 1) {
    const table = database.transaction(chunkTable).objectStore(chunkTable);
    const request = table.get([record.content, index]) as IDBRequest<Uint8Array | undefined>;
    const piece = await resultOf(request);
    // Replaced while it was read.
    if (piece === undefined) throw absent(key);
    const from = Math.max(start - position, 0);
    const to = Math.min(end - position, piece.byteLength);
    if (from < to) yield piece.subarray(from, to);
    position += piece.byteLength;
  }
}

async function writePieces(
  database: IDBDatabase,
  content: string,
  chunks: AsyncIterable<Uint8Array>,
): Promise<{ readonly bytes: number; readonly digest: string }> {
  const hash = sha256();
  let bytes = 0;
  let index = 0;
  for await (const chunk of chunks) {
    if (chunk.byteLength === 0) continue;
    hash.update(chunk);
    const transaction = database.transaction(chunkTable, 'readwrite');
    // A view would be stored with the whole buffer behind it.
    transaction.objectStore(chunkTable).put(chunk.slice(), [content, index]);
    await committed(transaction);
    bytes += chunk.byteLength;
    index += 1;
  }
  return { bytes, digest: hash.hex() };
}

async function publish(
  database: IDBDatabase,
  key: string,
  record: BlobRecord,
  condition: WriteCondition | undefined,
): Promise<void> {
  const transaction = database.transaction([blobTable, chunkTable], 'readwrite', {
    durability: 'strict',
  });
  const done = committed(transaction);
  const table = transaction.objectStore(blobTable);
  const present = await resultOf(table.get(key) as IDBRequest<BlobRecord | undefined>);
  const holds =
    condition === undefined ||
    ('ifAbsent' in condition ? present === undefined : present?.content === condition.ifMatch);
  if (holds) {
    if (present !== undefined) {
      transaction.objectStore(chunkTable).delete(piecesOf(present.content));
    }
    table.put(record, key);
  }
  await done;
  if (!holds) throw conditionFailed(key, condition);
}
