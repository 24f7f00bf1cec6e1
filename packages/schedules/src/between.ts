/** lrMin + (lrMax − lrMin) · height: exact at both ends and never above `lrMax`, which the plain sum can miss by a unit in the last place. */
export function between(lrMin: number, lrMax: number, height: number): number {
  return height >= 1 ? lrMax : Math.min(lrMax, lrMin + (lrMax - lrMin) * height);
}
