import { gate } from '../cores/gate.ts';
import { gatherBatch } from './gather.ts';
import type { Executor, ExecutorSetup, OpenedGraph, OpenExecutor } from './port.ts';
import { createSessions } from './sessions.ts';
import type { OrtModule } from './ort-module.ts';

/**
 * Runs graphs on the calling thread with the onnxruntime module at hand (onnxruntime-node, onnxruntime-web): no hop and no copy, but
 * onnxruntime-node blocks the thread while it computes.
 */
export function inThisThread(ort: OrtModule): OpenExecutor {
  return async ({ graphs, ...settings }: ExecutorSetup): Promise<Executor> => {
    const sessions = createSessions(ort, settings);
    const opened: Record<string, OpenedGraph> = {};
    try {
      for (const graph of graphs)
        opened[graph.key] = await sessions.open(graph.key, await graph.read());
    } catch (error) {
      await sessions.release();
      throw error;
    }
    let end: () => void;
    const ended = new Promise<void>((resolve) => (end = resolve));
    return {
      graphs: opened,
      turn: gate(1),
      ended,
      run: (batch) => sessions.run(gatherBatch(batch, true)),
      async close() {
        await sessions.release();
        end();
      },
      kill: () => false,
    };
  };
}
