/** A SHA-256 that is fed piece by piece. */
export interface Sha256 {
  update(bytes: Uint8Array): void;
  /** Lower-case hexadecimal digest of all bytes so far; call it once, last. */
  hex(): string;
}

/** Who writes to a store: enough to find out whether they still run. */
export interface HolderIdentity {
  readonly host: string;
  /** Process id; 0 where there is none. */
  readonly pid: number;
  /** Tells two processes apart that had the same id; empty where unknown. */
  readonly processStart: string;
}

/** The running process (or tab) as a holder of the writer's lock. */
export interface Holder {
  readonly identity: HolderIdentity;
  /** Whether that holder still runs; undefined if it cannot be known from here. */
  isAlive(other: HolderIdentity): Promise<boolean | undefined>;
}
