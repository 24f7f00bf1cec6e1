/** How a file is read. */
export interface BundleReadOptions {
  /** Chunks may share memory: each is valid until the next is asked for. Sources may ignore it. Default false. */
  readonly reuseChunks?: boolean;
}

/** Releases what a lease held. */
export type ReleaseLease = () => Promise<void>;

/**
 * Where a bundle's files come from: a folder, a blob store, memory. Every `BlobStore` of snapshot-core is one. Reading a file that is
 * not there throws an error with `code` `not-found`, `ENOENT` or `missing-file`.
 */
export interface BundleSource {
  read(path: string, range?: undefined, options?: BundleReadOptions): AsyncIterable<Uint8Array>;
  /** The file as the operating system names it, where it does; onnxruntime then maps what is too large to be read. */
  locate?(path: string): string;
  /** Keeps `collectRevisions` away from a revision until released, or until this process has ended. */
  lease?(revision: string): Promise<ReleaseLease>;
}

/** Where a bundle's files go; each is written whole or not at all. Every `BlobStore` of snapshot-core is one. */
export interface BundleSink {
  /** Each chunk is valid until the next is asked for: copy what is kept. */
  write(path: string, chunks: AsyncIterable<Uint8Array>): Promise<unknown>;
  /** As that of a source: held while a revision is written. */
  lease?(revision: string): Promise<ReleaseLease>;
  /** Whether bundles written here have revisions. Default true; where nothing else reads while a bundle is written, `flat` does. */
  readonly layout?: 'flat' | 'revisions';
}
