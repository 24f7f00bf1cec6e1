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

/** The line on a stream, from one second after this call on. Where the stream is no terminal, it shows nothing. */
export function progressLine(stream: {
  readonly isTTY?: boolean;
  readonly columns?: number;
  write: (text: string) => unknown;
}): ProgressLine {
  const start = performance.now();
  let latest = '';
  let isShown = false;
  let timer: ReturnType<typeof setTimeout> | undefined;
  const draw = (): void => {
    stream.write(`${ERASE_LINE}${latest.slice(0, (stream.columns ?? 80) - 1)}`);
    isShown = true;
  };
  return {
    show(text) {
      if (stream.isTTY !== true) return;
      latest = text;
      const left = start + PATIENCE_MS - performance.now();
      clearTimeout(timer);
      if (left <= 0) draw();
      else timer = setTimeout(draw, left).unref();
    },
    clear() {
      clearTimeout(timer);
      if (isShown) stream.write(ERASE_LINE);
      isShown = false;
    },
  };
}
