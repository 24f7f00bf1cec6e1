/** Opaque token of one state of a blob; two equal versions mean the same bytes were seen. */
export type Version = string;

export interface BlobInfo {
  readonly key: string;
  readonly bytes: number;
  readonly version: Version;
}

export interface BlobWritten {
  readonly version: Version;
  /** Lower-case hexadecimal SHA-256 of the bytes written. */
  readonly sha256: string;
  readonly bytes: number;
}

/** Write only if the key is free, or only if the blob is still the one that was read. */
export type WriteCondition = { readonly ifAbsent: true } | { readonly ifMatch: Version };

/** Bytes `[start, end)`. */
export interface ByteRange {
  readonly start: number;
  readonly end: number;
}

export interface ReadOptions {
  /** Chunks may share memory: each is valid until the next is asked for. Stores may ignore it. Default false. */
  readonly reuseChunks?: boolean;
}

/**
 * Named byte blobs: the port on which the snapshot store stands. Keys are `/`-separated paths of
 * `[A-Za-z0-9._-]` segments, none of them `.` or `..`.
 */
export interface BlobStore {
  /** Throws `StoreError('not-found')` on first use if there is no such key. */
  read(key: string, range?: ByteRange, options?: ReadOptions): AsyncIterable<Uint8Array>;
  /**
   * Atomic: the whole blob under its key, or nothing. Each chunk is valid until the next is asked for: copy what is
   * kept. Throws `StoreError('conflict')` if the condition fails.
   */
  write(
    key: string,
    chunks: AsyncIterable<Uint8Array>,
    condition?: WriteCondition,
  ): Promise<BlobWritten>;
  /** Blobs whose key starts with the prefix, sorted by key (code units). */
  list(prefix: string): AsyncIterable<BlobInfo>;
  /** Removing a key that is not there does nothing. */
  remove(key: string): Promise<void>;
}
