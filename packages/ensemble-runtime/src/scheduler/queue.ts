import { countRows, sliceRows, type Request, type Rows, type Segment } from './request.ts';

/** A later stage that has waited for so many batches goes next, however few its rows are. */
const MAX_PASSED_OVER = 4;

/** Rows that wait for a batch. */
export interface Queue {
  add(request: Request): void;
  /** Rows that go on to a later stage. */
  addSurvivors(segment: Segment): void;
  /** Rows of a batch that failed: they run alone, before anything else. */
  addRetry(segment: Segment): void;
  /** The next batch, at most `maxRows` rows of one stage; empty where nothing waits. */
  take(): readonly Segment[];
  hasWork(): boolean;
  /** Rows that wait, whatever their stage. */
  rows(): number;
  /** All requests that wait. */
  requests(): ReadonlySet<Request>;
}

/**
 * Requests of at most `maxRows` rows are never split: first come, first served, as many as fit. Larger ones give chunks, in order, round
 * robin: they get what is left of a batch, and half of every second one where others would take it all.
 */
export function createQueue(stages: number, maxRows: number): Queue {
  let whole: Request[] = [];
  let large: Request[] = [];
  let retries: Segment[] = [];
  const later: Segment[][] = Array.from({ length: stages }, () => []);
  const passedOver = new Uint32Array(stages);
  let hadLarge = true;

  /** Forgets requests that were settled while they waited. */
  const purge = (): void => {
    const isOpen = ({ isSettled }: Request): boolean => !isSettled;
    if (whole[0]?.isSettled === true) whole = whole.filter(isOpen);
    if (large.some(({ isSettled }) => isSettled)) large = large.filter(isOpen);
    if (retries[0]?.request.isSettled === true)
      retries = retries.filter(({ request }) => isOpen(request));
    later.forEach((segments, stage) => {
      if (segments.some(({ request }) => request.isSettled))
        later[stage] = segments.filter(({ request }) => isOpen(request));
    });
  };

  const takeFirst = (): readonly Segment[] => {
    const batch: Segment[] = [];
    let room = maxRows;
    const fits = (request: Request): boolean =>
      batch.length === 0 || batch[0]!.request.inputs.lot === request.inputs.lot;
    const push = (request: Request, rows: number): void => {
      const start = request.taken;
      request.taken += rows;
      room -= rows;
      const span = { start, end: start + rows };
      batch.push({ request, rows: span, stage: 0, state: {}, tries: 0 });
    };
    const pushWhole = (): void => {
      let count = 0;
      for (const request of whole) {
        if (request.rows > room || !fits(request)) break;
        count++;
        if (!request.isSettled) push(request, request.rows);
      }
      whole.splice(0, count);
    };
    const pushLarge = (most: number): void => {
      for (let turns = large.length; turns > 0 && room > 0 && most > 0; turns--) {
        const request = large.shift()!;
        if (!fits(request)) {
          large.push(request);
          continue;
        }
        const rows = Math.min(room, most, request.rows - request.taken);
        most -= rows;
        push(request, rows);
        if (request.taken < request.rows) large.push(request);
      }
    };
    const isDue = large.length > 0 && !hadLarge;
    if (isDue) {
      const waiting = whole.reduce((sum, { rows }) => sum + rows, 0);
      pushLarge(maxRows - Math.min(waiting, maxRows >> 1));
    }
    pushWhole();
    if (room > 0) pushLarge(room);
    hadLarge = batch.some(({ request }) => request.rows > maxRows);
    return batch;
  };

  const takeLater = (stage: number): readonly Segment[] => {
    const segments = later[stage]!;
    const batch: Segment[] = [];
    let room = maxRows;
    while (segments.length > 0 && room > 0) {
      const segment = segments[0]!;
      if (batch.length > 0 && batch[0]!.request.inputs.lot !== segment.request.inputs.lot) break;
      segments.shift();
      const rows = countRows(segment.rows);
      if (rows <= room) {
        batch.push(segment);
        room -= rows;
        continue;
      }
      batch.push(cut(segment, 0, room));
      segments.unshift(cut(segment, room, rows));
      room = 0;
    }
    return batch;
  };

  /** Full batches of later stages go first, since they set memory free; fuller ones are waited for while there is other work. */
  const nextStage = (): number => {
    const rows = later.map((segments) =>
      segments.reduce((sum, segment) => sum + countRows(segment.rows), 0),
    );
    const isFull = (count: number): boolean => count >= maxRows;
    const full = rows.findLastIndex(isFull);
    if (full !== -1) return full;
    const overdue = passedOver.findLastIndex((count) => count >= MAX_PASSED_OVER);
    if (overdue !== -1) return overdue;
    if (whole.length > 0 || large.length > 0) return 0;
    // The earliest, so that its survivors join those that wait further on.
    return rows.findIndex((count) => count > 0);
  };

  return {
    add(request) {
      (request.rows > maxRows ? large : whole).push(request);
    },
    addSurvivors(segment) {
      later[segment.stage]!.push(segment);
    },
    addRetry(segment) {
      retries.push(segment);
    },
    take() {
      purge();
      const retry = retries.shift();
      if (retry !== undefined) return [retry];
      const stage = nextStage();
      if (stage === -1) return [];
      later.forEach((segments, other) => {
        passedOver[other] = segments.length === 0 || other === stage ? 0 : passedOver[other]! + 1;
      });
      return stage === 0 ? takeFirst() : takeLater(stage);
    },
    hasWork() {
      purge();
      return (
        whole.length > 0 ||
        large.length > 0 ||
        retries.length > 0 ||
        later.some((segments) => segments.length > 0)
      );
    },
    rows() {
      purge();
      let sum = 0;
      for (const request of [...whole, ...large])
        if (!request.isSettled) sum += request.rows - request.taken;
      for (const { rows } of [...retries, ...later.flat()]) sum += countRows(rows);
      return sum;
    },
    requests: () =>
      new Set([...whole, ...large, ...[...retries, ...later.flat()].map(({ request }) => request)]),
  };
}

/** Places `[start, end)` of a segment. */
function cut(segment: Segment, start: number, end: number): Segment {
  const state = Object.fromEntries(
    Object.entries(segment.state).map(([name, array]) => [name, sliceRows(array, start, end)]),
  );
  return { ...segment, rows: cutRows(segment.rows, start, end), state };
}

function cutRows(rows: Rows, start: number, end: number): Rows {
  return rows instanceof Uint32Array
    ? rows.subarray(start, end)
    : { start: rows.start + start, end: rows.start + end };
}
