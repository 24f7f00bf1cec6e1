/** How many may do something at a time. */
export interface Permits {
  /** Fulfilled in its turn, with how to give it back, once. */
  acquire(): Promise<() => void>;
  /** At once or not at all. */
  tryAcquire(): (() => void) | undefined;
}

export function createPermits(count: number): Permits {
  let free = count;
  const waiting: ((release: () => void) => void)[] = [];
  const release = (): void => {
    const next = waiting.shift();
    if (next === undefined) free++;
    else next(once(release));
  };
  const tryAcquire = (): (() => void) | undefined => {
    if (free === 0) return undefined;
    free--;
    return once(release);
  };
  return {
    tryAcquire,
    acquire: () =>
      new Promise((resolve) => {
        const permit = tryAcquire();
        if (permit === undefined) waiting.push(resolve);
        else resolve(permit);
      }),
  };
}

function once(act: () => void): () => void {
  let isDone = false;
  return () => {
    if (isDone) return;
    isDone = true;
    act();
  };
}
