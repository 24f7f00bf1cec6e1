/** Relative size of the pull towards the start, which keeps systems of equal members solvable to 1e-7. */
const pull = 1e-9;
/** Relative size of a multiplier that counts as 0. */
const multiplierTolerance = 1e-13;

/**
 * argmin ½ vᵀHv + cᵀv over v ≥ 0, Σ v = 1, for a positive semi-definite H `[n, n]`: a primal active-set method from
 * a feasible start (Nocedal and Wright 2006, algorithm 16.3), with a slight pull towards it. Called again from where
 * it ended, it ends where the pull is nothing.
 */
export function solveOnSimplex(
  hessian: Float64Array,
  linear: Float64Array,
  start: Float64Array,
): Float64Array<ArrayBuffer> {
  const n = start.length;
  const scale = Math.max(...hessian, Number.MIN_VALUE);
  const pulled = hessian.map((value, i) => value / scale + (i % (n + 1) === 0 ? pull : 0));
  const towards = linear.map((value, i) => value / scale - pull * start[i]!);
  const point = Float64Array.from(start);
  const free = [...point.keys()].filter((i) => point[i]! > 0);
  for (let step = 0; step < 20 * n; step++) {
    const wanted = freeMinimum(pulled, towards, free);
    const blocked = moveTowards(point, free, wanted);
    if (blocked !== undefined) {
      free.splice(free.indexOf(blocked), 1);
      continue;
    }
    const released = mostUseful(pulled, towards, point, free);
    if (released === undefined) break;
    free.push(released);
  }
  let sum = 0;
  for (const value of point) sum += value;
  return point.map((value) => value / sum);
}

/** The minimum with the free entries alone, disregarding v ≥ 0, from its optimality system. */
function freeMinimum(
  hessian: Float64Array,
  linear: Float64Array,
  free: readonly number[],
): readonly number[] {
  const n = linear.length;
  const rows = free.map((i) => [...free.map((k) => hessian[i * n + k]!), 1, -linear[i]!]);
  return solve([...rows, [...free.map(() => 1), 0, 1]]).slice(0, free.length);
}

/** Goes as far as v ≥ 0 lets it; returns the entry that stopped it. */
function moveTowards(
  point: Float64Array,
  free: readonly number[],
  wanted: readonly number[],
): number | undefined {
  let length = 1;
  let blocked: number | undefined;
  free.forEach((i, k) => {
    if (wanted[k]! >= 0) return;
    const reach = point[i]! / (point[i]! - wanted[k]!);
    if (reach < length) {
      length = reach;
      blocked = i;
    }
  });
  free.forEach((i, k) => {
    point[i] = Math.max(0, point[i]! + length * (wanted[k]! - point[i]!));
  });
  if (blocked !== undefined) point[blocked] = 0;
  return blocked;
}

/** The entry held at 0 along which the value would fall fastest, if there is one. */
function mostUseful(
  hessian: Float64Array,
  linear: Float64Array,
  point: Float64Array,
  free: readonly number[],
): number | undefined {
  const n = point.length;
  const slopes = linear.map((value, i) => {
    let slope = value;
    for (let k = 0; k < n; k++) slope += hessian[i * n + k]! * point[k]!;
    return slope;
  });
  let common = 0;
  for (const i of free) common += slopes[i]! * point[i]!;
  let best: number | undefined;
  let least = common - multiplierTolerance;
  slopes.forEach((slope, i) => {
    if (slope < least && !free.includes(i)) {
      least = slope;
      best = i;
    }
  });
  return best;
}

/** Gaussian elimination with partial pivoting of an `[n, n + 1]` system. */
function solve(system: readonly number[][]): readonly number[] {
  const rows = system.map((row) => [...row]);
  const n = rows.length;
  for (let column = 0; column < n; column++) {
    let pivot = column;
    for (let r = column; r < n; r++) {
      if (Math.abs(rows[r]![column]!) > Math.abs(rows[pivot]![column]!)) pivot = r;
    }
    [rows[column], rows[pivot]] = [rows[pivot]!, rows[column]!];
    const top = rows[column]!;
    for (let r = 0; r < n; r++) {
      if (r === column) continue;
      const factor = rows[r]![column]! / top[column]!;
      for (let k = column; k <= n; k++) rows[r]![k] = rows[r]![k]! - factor * top[k]!;
    }
  }
  return rows.map((row, i) => row[n]! / row[i]!);
}
