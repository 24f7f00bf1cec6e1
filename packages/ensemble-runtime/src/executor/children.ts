import type { BatchResult, Executor, ExecutorSetup, OpenedGraph, OpenExecutor } from './port.ts';
import { crashed, toError } from './refusal.ts';
import { arrayTypes } from '../tensor.ts';
import type { Answer, Child } from './child.ts';
import type { Command } from './frames.ts';

/**
 * Sessions that a process may have closed and still be given new ones. onnxruntime does not return all memory of a closed session: ending the
 * process does.
 */
const MAX_CLOSED = 8;

interface HostProcess {
  readonly child: Child;
  /** Cores that its sessions use, together. */
  load: number;
  sessions: number;
  closed: number;
}

/** Processes that ensembles share. */
export interface Children {
  /**
   * Opens sessions in the least loaded process. Another is started only where the cores allow two to compute at the same time, or
   * where this one has seen too many sessions. `own` asks for a process that nobody else gets.
   */
  open(setup: ExecutorSetup, own: boolean): Promise<Executor>;
}

export function createChildren(start: () => Child, cores: number): Children {
  const hosts = new Set<HostProcess>();
  let lastId = 0;

  const begin = (isShared: boolean): HostProcess => {
    const host: HostProcess = { child: start(), load: 0, sessions: 0, closed: 0 };
    if (isShared) {
      hosts.add(host);
      void host.child.ended.then(() => hosts.delete(host));
    }
    return host;
  };
  const choose = (threads: number): HostProcess => {
    const usable = [...hosts].filter(
      ({ child, closed }) => !child.hasEnded() && closed < MAX_CLOSED,
    );
    const least = usable.sort((a, b) => a.load - b.load)[0];
    const useful = Math.max(1, Math.floor(cores / threads));
    if (least !== undefined && (least.load === 0 || usable.length >= useful)) return least;
    return begin(true);
  };

  return {
    async open(setup, own) {
      const host = own ? begin(false) : choose(setup.threads);
      host.load += setup.threads;
      host.sessions++;
      const leave = async (): Promise<void> => {
        host.load -= setup.threads;
        host.sessions--;
        host.closed++;
        if (host.sessions > 0) return;
        hosts.delete(host);
        await host.child.end();
      };
      try {
        return await openIn(host.child, ++lastId, setup, leave);
      } catch (error) {
        await leave();
        throw error;
      }
    },
  };
}

export function inChildren(children: Children, own: boolean): OpenExecutor {
  return (setup) => children.open(setup, own);
}

async function openIn(
  child: Child,
  id: number,
  { graphs, ...settings }: ExecutorSetup,
  leave: () => Promise<void>,
): Promise<Executor> {
  const ask = async (
    command: Command,
    payload: readonly (readonly Uint8Array[])[],
  ): Promise<Answer> => {
    const answer = await child.call(command, payload).catch((error: unknown) => {
      throw crashed(settings.name, (error as Error).message);
    });
    if (answer.reply.kind === 'refused') throw toError(answer.reply.refusal);
    return answer;
  };
  const inTurn = <T>(act: () => Promise<T>): Promise<T> =>
    new Promise((resolve, reject) => {
      child.turn.take(1, (release) => {
        act().then(resolve, reject).finally(release);
      });
    });
  const closeSessions = async (): Promise<void> => {
    if (child.hasEnded()) return;
    await inTurn(() => ask({ kind: 'close', id }, [])).catch(() => undefined);
  };
  const opened: Record<string, OpenedGraph> = {};
  try {
    for (const graph of graphs) {
      const { key } = graph;
      const model = await graph.read();
      const { reply } = await inTurn(() => ask({ kind: 'open', id, settings, key }, [[model]]));
      if (reply.kind !== 'opened') throw new Error(`The process answered ${reply.kind}.`);
      opened[key] = reply.opened;
    }
  } catch (error) {
    await closeSessions();
    throw error;
  }
  return {
    graphs: opened,
    turn: child.turn,
    ...(child.pid !== undefined && { pid: child.pid }),
    ended: child.ended.then(() => undefined),
    async run({ graph, rows, feeds, outputs }) {
      const framed = feeds.map(({ name, dtype, dims }) => ({ name, dtype, dims }));
      // The parts of a feed follow one another in the pipe: they are gathered where they are read.
      const parts = feeds.map((feed) => feed.parts);
      return toResult(await ask({ kind: 'run', id, graph, rows, feeds: framed, outputs }, parts));
    },
    async close() {
      await closeSessions();
      await leave();
    },
    kill() {
      child.kill();
      return true;
    },
  };
}

function toResult({ reply, payload }: Answer): BatchResult {
  if (reply.kind !== 'result') throw new Error(`The process answered ${reply.kind}.`);
  const { outputs, nonFinite, runMs } = reply;
  const arrays = outputs.map(({ name, dtype, dims }, index) => {
    const data = new arrayTypes[dtype](payload[index]!);
    return [name, { dtype, data, dims }] as const;
  });
  return { outputs: Object.fromEntries(arrays), nonFinite, runMs };
}
