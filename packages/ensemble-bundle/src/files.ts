/**
 * Where a bundle's files come from: a folder, a blob store, memory. Every `BlobStore` of snapshot-core is one.
 */
export interface BundleSource {
  read(path: string): AsyncIterable<Uint8Array>;
}

/** Where a bundle's files go; each is written whole or not at all. Every `BlobStore` of snapshot-core is one. */
export interface BundleSink {
  write(path: string, chunks: AsyncIterable<Uint8Array>): Promise<unknown>;
}
