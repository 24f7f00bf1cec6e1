/** How many may go on in one turn of the event loop; the others wait for the next ones, in their order. */
export interface Pace {
  /** Undefined for who may go on at once. */
  turn(): Promise<void> | undefined;
}

/** `defer` calls `act` in the next turn, after what came in has been looked at. */
export function createPace(perTurn: number, defer: (act: () => void) => void): Pace {
  const waiting: (() => void)[] = [];
  let left = perTurn;
  const next = (): void => {
    const gone = waiting.splice(0, perTurn);
    left = perTurn - gone.length;
    if (gone.length > 0) defer(next);
    for (const go of gone) go();
  };
  return {
    turn() {
      if (left === perTurn) defer(next);
      if (left > 0) {
        left--;
        return undefined;
      }
      return new Promise((resolve) => waiting.push(resolve));
    },
  };
}
