// @ts-check
// How predictions and losses are kept: as levels on a scale that is fine where the scores look, one member's less the one before.

/** Probabilities are kept as rounded fourth roots: 1.6 % of a probability near 1, 6 % of one of 0.01, a factor of 1.8 at 1e-7. */
const PROBABILITY_LEVELS = 127;
const ROOT = 4;
/** What stands for level 0: a probability of about 3e-11. */
const LEAST_LEVEL = 0.3;
/** Losses are kept as rounded square roots, with their sign. */
const LOSS_LEVELS = 48;
/** Losses below do not absorb what rounding has added up. */
const SMALL_LOSS = 0.02;
/** Steps by which a level may move so that the mean of all members chooses the same class. */
const MOVES = 6;

/** @typedef {Float32Array | Float64Array} Floats */

/**
 * Levels `[rows, classes, members]`, each the difference from the member before (modulo 256). A level is moved where
 * otherwise a member, or the mean of all, would choose another class.
 *
 * @param {readonly Floats[]} members logits `[rows, classes]` @param {number} classes
 */
export function packProbabilities(members, classes) {
  const rows = members[0].length / classes;
  const bytes = new Uint8Array(members.length * members[0].length);
  for (let row = 0; row < rows; row++) {
    const exact = members.map((values) => probabilities(values, row * classes, classes));
    const levels = exact.map((own) => levelsOf(own));
    keepChoice(levels, choiceOf(meanOf(exact)));
    for (let k = 0; k < classes; k++)
      levels.forEach((own, member) => {
        const before = member === 0 ? 0 : levels[member - 1][k];
        bytes[(row * classes + k) * members.length + member] = own[k] - before;
      });
  }
  return bytes;
}

/** Log-probabilities `[rows, classes]` of each member. @param {Uint8Array} bytes @param {number} count of members @param {number} classes */
export function unpackProbabilities(bytes, count, classes) {
  const rows = bytes.length / count / classes;
  const members = Array.from({ length: count }, () => new Float32Array(rows * classes));
  const levels = Array.from({ length: count }, () => new Uint8Array(classes));
  for (let row = 0; row < rows; row++) {
    for (let k = 0; k < classes; k++)
      levels.forEach((own, member) => {
        const before = member === 0 ? 0 : levels[member - 1][k];
        own[k] = before + bytes[(row * classes + k) * count + member];
      });
    levels.forEach((own, member) =>
      members[member].set(
        probabilitiesOf(own).map((value) => Math.log(value)),
        row * classes,
      ),
    );
  }
  return members;
}

/**
 * Levels `[rows, contestants]`, zigzag, the low bytes of all before the high ones. What rounding adds to the small
 * losses is taken from the next large one, so that the mean of the rows stays what it was.
 *
 * @param {readonly Floats[]} contestants losses `[rows]`
 */
export function packLosses(contestants) {
  const rows = contestants[0].length;
  const count = rows * contestants.length;
  const bytes = new Uint8Array(2 * count);
  contestants.forEach((losses, contestant) => {
    let carried = 0;
    losses.forEach((loss, row) => {
      const wanted = Math.abs(loss) < SMALL_LOSS ? loss : loss + carried;
      const level = Math.round(LOSS_LEVELS * Math.sign(wanted) * Math.sqrt(Math.abs(wanted)));
      carried += loss - lossOf(level);
      const zigzag = level < 0 ? -2 * level - 1 : 2 * level;
      const at = row * contestants.length + contestant;
      bytes[at] = zigzag & 255;
      bytes[count + at] = zigzag >>> 8;
    });
  });
  return bytes;
}

/** @param {Uint8Array} bytes @param {number} contestants */
export function unpackLosses(bytes, contestants) {
  const count = bytes.length / 2;
  const rows = count / contestants;
  return Array.from({ length: contestants }, (_, contestant) =>
    Float64Array.from({ length: rows }, (__, row) => {
      const at = row * contestants + contestant;
      const zigzag = bytes[at] | (bytes[count + at] << 8);
      return lossOf(zigzag & 1 ? -(zigzag + 1) / 2 : zigzag / 2);
    }),
  );
}

/** Bits `[rows, contestants]`. @param {readonly ArrayLike<number>[]} contestants zeros and ones */
export function packBits(contestants) {
  const rows = contestants[0].length;
  const bytes = new Uint8Array(Math.ceil((rows * contestants.length) / 8));
  contestants.forEach((bits, contestant) => {
    for (let row = 0; row < rows; row++) {
      const at = row * contestants.length + contestant;
      bytes[at >>> 3] |= bits[row] << (at & 7);
    }
  });
  return bytes;
}

/** @param {Uint8Array} bytes @param {number} contestants @param {number} rows */
export function unpackBits(bytes, contestants, rows) {
  return Array.from({ length: contestants }, (_, contestant) =>
    Float64Array.from({ length: rows }, (__, row) => {
      const at = row * contestants + contestant;
      return (bytes[at >>> 3] >>> (at & 7)) & 1;
    }),
  );
}

/** @param {number} level */
function lossOf(level) {
  return Math.sign(level) * (level / LOSS_LEVELS) ** 2;
}

/** @param {Floats} logits @param {number} start @param {number} classes */
function probabilities(logits, start, classes) {
  const own = Float64Array.from(logits.subarray(start, start + classes));
  const highest = Math.max(...own);
  return shared(own.map((value) => Math.exp(value - highest)));
}

/** Levels of one row in which the same class is the highest, and alone. @param {Float64Array} exact */
function levelsOf(exact) {
  const levels = Uint8Array.from(exact, (value) =>
    Math.round(PROBABILITY_LEVELS * value ** (1 / ROOT)),
  );
  const choice = choiceOf(exact);
  const others = levels.filter((_, k) => k !== choice);
  levels[choice] = Math.max(levels[choice], Math.max(...others) + 1);
  return levels;
}

/** @param {readonly Uint8Array[]} levels of the members about one row @param {number} choice of the mean */
function keepChoice(levels, choice) {
  for (let move = 0; move < MOVES; move++) {
    if (choiceOf(meanOf(levels.map(probabilitiesOf))) === choice) return;
    for (const own of levels) {
      const isOwnChoice = choiceOf(own) === choice;
      if (isOwnChoice || own[choice] + 1 < Math.max(...own)) own[choice]++;
    }
  }
}

/** @param {Uint8Array} levels */
function probabilitiesOf(levels) {
  return shared(Float64Array.from(levels, (level) => (level || LEAST_LEVEL) ** ROOT));
}

/** @param {Float64Array} values */
function shared(values) {
  let sum = 0;
  for (const value of values) sum += value;
  return values.map((value) => value / sum);
}

/** @param {readonly Float64Array[]} members */
function meanOf(members) {
  return members[0].map((_, k) => members.reduce((sum, own) => sum + own[k], 0) / members.length);
}

/** The first of the highest. @param {ArrayLike<number>} values */
function choiceOf(values) {
  let choice = 0;
  for (let k = 1; k < values.length; k++) if (values[k] > values[choice]) choice = k;
  return choice;
}
