import type { BundleManifest, BundleTensor } from '@snapshot-ensemble/ensemble-bundle';
import type { Feed } from './executor/port.ts';
import type { Lane, Turn } from './executor/supervisor.ts';
import type { Plan } from './scheduler/plan.ts';
import { rowBytes, rowShape } from './tensor.ts';

/** Runs zeros through every graph of every lane. */
export async function warmUp(
  { inputs, outputs }: BundleManifest,
  plan: Plan,
  lanes: readonly Lane[],
  rows: number,
): Promise<void> {
  const names = outputs.map(({ name }) => name);
  const warm = async (lane: Lane): Promise<void> => {
    for (const [index, { graph, state }] of plan.stages.entries())
      await inTurn(lane, (turn) =>
        turn.run({
          graph,
          rows,
          feeds: [...inputs, ...state].map((tensor) => zeros(tensor, rows)),
          outputs: plan.graphOutputs(index, names),
        }),
      );
  };
  await Promise.all(lanes.map(warm));
}

function inTurn(lane: Lane, act: (turn: Turn) => Promise<unknown>): Promise<void> {
  return new Promise((resolve, reject) => {
    lane.reserve((turn) => {
      act(turn)
        .finally(() => {
          turn.release();
        })
        .then(() => {
          resolve();
        }, reject);
    });
  });
}

function zeros(tensor: BundleTensor, rows: number): Feed {
  return {
    name: tensor.name,
    dtype: tensor.dtype,
    dims: [rows, ...rowShape(tensor)],
    parts: [new Uint8Array(rows * rowBytes(tensor))],
  };
}
