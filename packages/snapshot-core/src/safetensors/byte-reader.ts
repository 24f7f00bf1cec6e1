/** Reads a stream of chunks by exact lengths. */
export interface ByteReader {
  /** Fills the target and returns how many bytes there were, fewer only at the end. */
  fill(target: Uint8Array): Promise<number>;
  isAtEnd(): Promise<boolean>;
  close(): Promise<void>;
}

export function byteReader(chunks: AsyncIterable<Uint8Array>): ByteReader {
  const iterator = chunks[Symbol.asyncIterator]();
  let rest: Uint8Array = new Uint8Array(0);

  const isAtEnd = async (): Promise<boolean> => {
    while (rest.byteLength === 0) {
      const next = await iterator.next();
      if (next.done === true) return true;
      rest = next.value;
    }
    return false;
  };

  return {
    isAtEnd,
    async fill(target) {
      let filled = 0;
      while (filled < target.byteLength && !(await isAtEnd())) {
        const taken = rest.subarray(0, target.byteLength - filled);
        target.set(taken, filled);
        filled += taken.byteLength;
        rest = rest.subarray(taken.byteLength);
      }
      return filled;
    },
    async close() {
      await iterator.return?.();
    },
  };
}
