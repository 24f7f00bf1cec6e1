/** Who writes to a store: enough to find out whether they still run. */
export interface HolderIdentity {
  readonly host: string;
  /** Tells two machines of one name apart, and a machine before and after it was booted; empty where unknown. */
  readonly boot: string;
  /** Process id; 0 where there is none. */
  readonly pid: number;
  /** Tells two processes apart that had the same id; empty where unknown. */
  readonly start: string;
}

/** The running process (or tab) as a holder of the writer's lock. */
export interface Holder {
  readonly identity: HolderIdentity;
  /** Whether that holder still runs; undefined if it cannot be known from here. */
  isAlive(other: HolderIdentity): Promise<boolean | undefined>;
}
