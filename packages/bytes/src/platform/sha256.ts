/** A SHA-256 that is fed piece by piece. */
export interface Sha256 {
  update(bytes: Uint8Array): void;
  /** Lower-case hexadecimal digest of all bytes so far; call it once, last. */
  hex(): string;
}
