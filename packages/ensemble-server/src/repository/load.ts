/** How busy a model is, in bytes of request bodies: the one size that is known before a request is read. */
export interface Load {
  readonly requests: number;
  readonly bytes: number;
  /** Counts a request in; the returned function counts it out, `isDone` saying whether it was answered. */
  begin(bytes: number): (isDone: boolean) => void;
  /** How long one more request of `bytes` bytes would take to be answered, in milliseconds; 0 while too little is known. */
  expectedMs(bytes: number): number;
}

// The rate is that of the last second or so of work.
const WINDOW_MS = 1000;
// So few requests are never refused: a batch of them is under way together.
const ALWAYS_ADMITTED = 16;

export function createLoad(now: () => number): Load {
  let requests = 0;
  let bytes = 0;
  let doneBytes = 0;
  let busyMs = 0;
  let changedAt = now();

  // Only time with work in it tells how fast work is done; both sums fade alike, by ∫ e^(−t/window) dt.
  const pass = (): void => {
    const time = now();
    if (requests > 0) {
      const kept = Math.exp((changedAt - time) / WINDOW_MS);
      doneBytes *= kept;
      busyMs = busyMs * kept + WINDOW_MS * (1 - kept);
    }
    changedAt = time;
  };

  return {
    get requests() {
      return requests;
    },
    get bytes() {
      return bytes;
    },
    begin(size) {
      pass();
      requests++;
      bytes += size;
      let isOver = false;
      return (isDone) => {
        if (isOver) return;
        isOver = true;
        pass();
        if (isDone) doneBytes += size;
        requests--;
        bytes -= size;
      };
    },
    expectedMs(size) {
      if (requests < ALWAYS_ADMITTED || doneBytes === 0) return 0;
      pass();
      return ((bytes + size) * busyMs) / doneBytes;
    },
  };
}
