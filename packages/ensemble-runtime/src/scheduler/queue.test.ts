import { describe, expect, it } from 'vitest';
import { createQueue } from './queue.ts';
import type { Request, Segment } from './request.ts';

const request = (rows: number): Request =>
  ({ rows, inputs: { lot: '' }, taken: 0, isSettled: false }) as Request;
const survivors = (stage: number, rows: number): Segment => ({
  request: request(rows),
  rows: Uint32Array.from({ length: rows }, (_, row) => row),
  stage,
  state: { s: { dtype: 'int32', data: Int32Array.from({ length: rows }), dims: [rows, 1] } },
  tries: 0,
});

/** Stage and rows of each batch. */
function drain(queue: ReturnType<typeof createQueue>, most = 99): readonly string[] {
  const batches: string[] = [];
  while (queue.hasWork() && batches.length < most) {
    const batch = queue.take();
    const rows = batch.map((segment) =>
      segment.rows instanceof Uint32Array
        ? segment.rows.length
        : segment.rows.end - segment.rows.start,
    );
    batches.push(`${batch[0]!.stage}: ${rows.join('+')}`);
  }
  return batches;
}

describe('createQueue with later stages', () => {
  it('runs a full later stage before new rows, and the rest after them', () => {
    const queue = createQueue(3, 4);
    queue.add(request(2));
    queue.addSurvivors(survivors(1, 3));
    queue.addSurvivors(survivors(1, 3));
    queue.addSurvivors(survivors(2, 1));
    expect(queue.rows()).toBe(9);
    expect(drain(queue)).toEqual(['1: 3+1', '0: 2', '1: 2', '2: 1']);
  });

  it('does not let new rows starve a few that go on', () => {
    const queue = createQueue(2, 4);
    queue.addSurvivors(survivors(1, 1));
    for (let turn = 0; turn < 9; turn++) queue.add(request(4));
    expect(drain(queue, 6)).toEqual(['0: 4', '0: 4', '0: 4', '0: 4', '1: 1', '0: 4']);
  });

  it('cuts survivors with their state', () => {
    const queue = createQueue(2, 2);
    queue.addSurvivors(survivors(1, 3));
    const [first] = queue.take();
    const [second] = queue.take();
    expect([first!.state['s']!.dims, second!.state['s']!.dims]).toEqual([
      [2, 1],
      [1, 1],
    ]);
    expect([...(second!.rows as Uint32Array)]).toEqual([2]);
  });

  it('runs what failed first and alone, and forgets what was settled', () => {
    const queue = createQueue(2, 4);
    const settled = request(1);
    queue.add(settled);
    queue.add(request(1));
    queue.addRetry({ ...survivors(0, 1), tries: 1 });
    queue.addRetry({ ...survivors(0, 2), tries: 1 });
    settled.isSettled = true;
    expect(drain(queue)).toEqual(['0: 1', '0: 2', '0: 1']);
  });
});
