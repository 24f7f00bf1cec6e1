import { resultOf } from './requests.ts';

/** Blob records, by blob key. */
export const blobTable = 'blobs';
/** Pieces of blobs, by `[content, index]`. */
export const chunkTable = 'chunks';

export interface BlobRecord {
  /** First part of the keys of its pieces; new for every write, so it is also the blob's version. */
  readonly content: string;
  readonly bytes: number;
}

const schemaVersion = 1;

export function openDatabase(name: string): Promise<IDBDatabase> {
  const request = indexedDB.open(name, schemaVersion);
  request.onupgradeneeded = () => {
    request.result.createObjectStore(blobTable);
    request.result.createObjectStore(chunkTable);
  };
  return resultOf(request).then((database) => {
    // Another tab deletes the database or brings a newer schema: do not stand in its way.
    database.onversionchange = () => {
      database.close();
    };
    return database;
  });
}

/** Keys of all pieces of one content. */
export function piecesOf(content: string): IDBKeyRange {
  return IDBKeyRange.bound([content], [content, []]);
}
