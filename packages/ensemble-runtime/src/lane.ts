import type { Opened, Run, RunResult } from './messages.ts';
import type { SessionThread } from './thread.ts';

/** One place where batches run, one after the other: a thread that is replaced when it dies. */
export interface Lane {
  readonly opened: Opened;
  run(run: Run): Promise<RunResult>;
  close(): Promise<void>;
}

/**
 * Opens a lane. A thread that dies is replaced at once; if that fails, runs are refused with the reason and each of them tries
 * anew, so that a broken machine neither loops nor stays broken for good.
 */
export async function openLane(
  start: () => Promise<SessionThread>,
  onRestart: () => void,
): Promise<Lane> {
  let isClosing = false;
  let current: Promise<SessionThread>;

  const keep = (starting: Promise<SessionThread>): Promise<SessionThread> => {
    current = starting;
    starting.then(
      (thread) =>
        thread.ended.then(() => {
          restart(starting);
        }),
      () => undefined,
    );
    return starting;
  };
  const restart = (dead: Promise<SessionThread>): void => {
    if (isClosing || current !== dead) return;
    onRestart();
    void keep(start());
  };

  const { opened } = await keep(start());
  return {
    opened,
    async run(run) {
      const used = current;
      try {
        return await (await used).run(run);
      } catch (error) {
        const hasThread = await used.then(
          () => true,
          () => false,
        );
        if (!hasThread) restart(used);
        throw error;
      }
    },
    async close() {
      isClosing = true;
      const thread = await current.catch(() => undefined);
      await thread?.close();
    },
  };
}
