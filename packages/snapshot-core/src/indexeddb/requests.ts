import { StoreError } from '../store-error.ts';

/** The result of a request. */
export function resultOf<T>(request: IDBRequest<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => {
      resolve(request.result);
    };
    request.onerror = () => {
      reject(databaseError(request.error));
    };
  });
}

/** Resolves once the transaction is on disk. */
export function committed(transaction: IDBTransaction): Promise<void> {
  return new Promise((resolve, reject) => {
    transaction.oncomplete = () => {
      resolve();
    };
    transaction.onabort = () => {
      reject(databaseError(transaction.error));
    };
  });
}

function databaseError(cause: DOMException | null): StoreError {
  if (cause?.name === 'QuotaExceededError') {
    return new StoreError(
      'no-space',
      "The browser's storage quota is used up. Nothing was changed; free some space, or ask for more with navigator.storage.persist().",
      { cause },
    );
  }
  return new StoreError('io', `IndexedDB failed: ${cause?.message ?? 'aborted'}.`, { cause });
}
