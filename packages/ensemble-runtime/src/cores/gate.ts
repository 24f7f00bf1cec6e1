/** Lets in as many as it has room for, first come, first served. */
export interface Gate {
  /**
   * Calls `start` as soon as `amount` is free, at once if it is now. `start` gets a function that gives the amount back; call it once. More
   * than the whole room counts as the whole room.
   */
  readonly take: (amount: number, start: (release: () => void) => void) => void;
}

/** A gate with room for `room`. */
export function gate(room: number): Gate {
  const waiting: { readonly amount: number; readonly start: (release: () => void) => void }[] = [];
  let free = room;
  const admit = (amount: number, start: (release: () => void) => void): void => {
    free -= amount;
    let isReleased = false;
    start(() => {
      if (isReleased) return;
      isReleased = true;
      free += amount;
      while (waiting.length > 0 && waiting[0]!.amount <= free) {
        const next = waiting.shift()!;
        admit(next.amount, next.start);
      }
    });
  };
  return {
    take(amount, start) {
      const bounded = Math.min(amount, room);
      if (waiting.length === 0 && bounded <= free) admit(bounded, start);
      else waiting.push({ amount: bounded, start });
    },
  };
}
