// @ts-check

/**
 * Gains (the rival's loss − this one's), paired by seed and row, with two 95 % intervals: over rows, of the mean over
 * seeds, and over seeds, by Student's t.
 */
export function compared(ours, theirs) {
  const pairs = Math.min(ours.length, theirs.length);
  return Object.fromEntries(
    Object.keys(ours[0]).map((measure) => {
      const gains = Array.from({ length: pairs }, (_, i) =>
        theirs[i][measure].map((loss, row) => loss - ours[i][measure][row]),
      );
      const bySeed = gains.map((rows) => mean(rows));
      const byRow = gains[0].map((_, row) => mean(gains.map((rows) => rows[row])));
      return [
        measure,
        {
          gain: round(mean(bySeed)),
          overRows: interval(byRow, 1.96),
          ...(pairs > 1 && { overSeeds: interval(bySeed, studentOf(pairs - 1)) }),
        },
      ];
    }),
  );
}

/** 97.5 % quantile of Student's t, up to 7 degrees of freedom. @param {number} freedom */
function studentOf(freedom) {
  return [12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365][freedom - 1];
}

/** @param {ArrayLike<number>} values @param {number} quantile */
function interval(values, quantile) {
  const centre = mean(values);
  let squares = 0;
  for (let i = 0; i < values.length; i++) squares += (values[i] - centre) ** 2;
  const reach = quantile * Math.sqrt(squares / (values.length - 1) / values.length);
  return [round(centre - reach), round(centre + reach)];
}

/** @param {ArrayLike<number>} values */
export function mean(values) {
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += values[i];
  return sum / values.length;
}

/** @param {number} value */
function round(value) {
  return Number(value.toPrecision(3));
}
