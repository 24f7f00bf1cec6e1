import type { HostTensor, HostTensors } from '../../parity/compare.ts';

/** Rows that run at once: enough to be fast, few enough that what is computed on the way fits in memory. */
const BATCH = 64;

export function rowsOf(inputs: HostTensors): number {
  return Object.values(inputs)[0]?.shape[0] ?? 0;
}

/** The rows in batches of 64, the last one of what is left. */
export function batchesOf(inputs: HostTensors): readonly HostTensors[] {
  const rows = rowsOf(inputs);
  return Array.from({ length: Math.ceil(rows / BATCH) }, (_, batch) =>
    Object.fromEntries(
      Object.entries(inputs).map(([name, tensor]): [string, HostTensor] => [
        name,
        slice(tensor, batch * BATCH, Math.min((batch + 1) * BATCH, rows)),
      ]),
    ),
  );
}

function slice({ data, shape }: HostTensor, start: number, end: number): HostTensor {
  const size = data.length / shape[0]!;
  return { data: data.subarray(start * size, end * size), shape: [end - start, ...shape.slice(1)] };
}
