import { blobTable, chunkTable, openDatabase, piecesOf, type BlobRecord } from './database.ts';
import { committed, resultOf } from './requests.ts';

/** A Web Lock is held while a content is written: the browser frees it when the tab goes. */
const lockName = (database: string, content: string): string =>
  `snapshot-core/${database}/${content}`;

/** Writes new content under a name of its own, marked as being written. */
export async function whileWriting<T>(
  database: string,
  write: (content: string) => Promise<T>,
): Promise<T> {
  const content = crypto.randomUUID();
  return navigator.locks.request(lockName(database, content), () => write(content));
}

/** Opens the database and drops what tabs left that were closed in the middle of a write. */
export async function openSwept(name: string): Promise<IDBDatabase> {
  const database = await openDatabase(name);
  // In this order: what was in work at first and is no longer is named by the time the names are read.
  const keys = await resultOf(table(database, chunkTable).getAllKeys());
  const { held = [] } = await navigator.locks.query();
  const records = await resultOf(table(database, blobTable).getAll() as IDBRequest<BlobRecord[]>);
  const inWork = new Set(held.map((lock) => lock.name));
  const named = new Set(records.map(({ content }) => content));
  for (const content of new Set(keys.map((key) => (key as [string, number])[0]))) {
    if (named.has(content) || inWork.has(lockName(name, content))) continue;
    await dropPieces(database, content);
  }
  return database;
}

export async function dropPieces(database: IDBDatabase, content: string): Promise<void> {
  const transaction = database.transaction(chunkTable, 'readwrite');
  transaction.objectStore(chunkTable).delete(piecesOf(content));
  await committed(transaction);
}

function table(database: IDBDatabase, name: string): IDBObjectStore {
  return database.transaction(name).objectStore(name);
}
