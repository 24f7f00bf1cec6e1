// @ts-check
// What the demo's eight members say about 1,000 garments and 250 digits; tools/docs-data.mjs wrote it.
import data from './demo-members.json';

export const { classNames, side, members: memberCount } = data;
const classes = classNames.length;

/** @param {string} text */
const bytesOf = (text) => Uint8Array.from(atob(text), (character) => character.charCodeAt(0));

/** @param {{ rows: number, members: string, labels: string, images: string }} set */
function decode({ rows, members, labels, images }) {
  const bytes = bytesOf(members); // [rows, members, classes]
  return {
    rows,
    classes,
    labels: bytesOf(labels),
    images: bytesOf(images),
    members: Array.from({ length: memberCount }, (_, member) => {
      const values = new Float64Array(rows * classes);
      for (let row = 0; row < rows; row += 1) {
        const start = (row * memberCount + member) * classes;
        values.set(distribution(bytes.subarray(start, start + classes)), row * classes);
      }
      return values;
    }),
  };
}

/** Rounded to bytes, the probabilities of a row do not add up to 1 exactly. @param {Uint8Array} bytes */
function distribution(bytes) {
  const values = Array.from(bytes, (byte) => {
    const logit = (byte * 2 * data.limit) / 255 - data.limit;
    return 1 / (1 + Math.exp(-logit));
  });
  const sum = values.reduce((total, value) => total + value, 0);
  return values.map((value) => value / sum);
}

export const garments = decode(data.garments);
export const digits = decode(data.digits);
