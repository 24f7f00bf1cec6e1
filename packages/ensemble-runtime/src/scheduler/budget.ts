/** Requests smaller than this share of the budget may use all of it, larger ones three quarters: a few giants cannot shut out the small. */
const SMALL_SHARE = 1 / 64;
const LARGE_PART = 3 / 4;

/** Bytes that requests hold. */
export interface ByteBudget {
  /** What a request of so many bytes counts for; undefined where there is no room. Give it back with `release`. */
  readonly admit: (bytes: number) => number | undefined;
  readonly release: (charge: number) => void;
  readonly held: () => number;
}

/** A request larger than the whole budget is admitted where no other large one is held, or it could never be. */
export function byteBudget(limit: number): ByteBudget {
  const roomOfLarge = limit * LARGE_PART;
  const isLarge = (charge: number): boolean => charge >= limit * SMALL_SHARE;
  let held = 0;
  let heldByLarge = 0;
  return {
    admit(bytes) {
      const charge = Math.min(bytes, roomOfLarge);
      if (held + charge > limit) return undefined;
      if (isLarge(charge)) {
        if (heldByLarge + charge > roomOfLarge) return undefined;
        heldByLarge += charge;
      }
      held += charge;
      return charge;
    },
    release(charge) {
      held -= charge;
      if (isLarge(charge)) heldByLarge -= charge;
    },
    held: () => held,
  };
}
