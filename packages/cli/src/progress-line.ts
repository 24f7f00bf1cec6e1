/** One line on a terminal that says how far a long work is. */
export interface ProgressLine {
  /** Replaces what the line says. */
  readonly show: (text: string) => void;
  /** Removes it, before something else is printed. */
  readonly clear: () => void;
}

/** Work that takes less needs no progress. */
const PATIENCE_MS = 1_000;
const ERASE_LINE = '\r\u001b[K';

/** The line on a stream. Where that is no terminal, it shows nothing. `now` is in milliseconds. */
export function progressLine(
  stream: { readonly isTTY?: boolean; readonly columns?: number; write: (text: string) => unknown },
  now: () => number = () => performance.now(),
): ProgressLine {
  const start = now();
  let isShown = false;
  return {
    show(text) {
      if (stream.isTTY !== true || now() - start < PATIENCE_MS) return;
      stream.write(`${ERASE_LINE}${text.slice(0, (stream.columns ?? 80) - 1)}`);
      isShown = true;
    },
    clear() {
      if (isShown) stream.write(ERASE_LINE);
      isShown = false;
    },
  };
}
