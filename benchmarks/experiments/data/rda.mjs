// @ts-check
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { gunzipSync, inflateSync } from 'node:zlib';

/** @typedef {Record<string, (string | number)[]>} Columns */

/*
 * Reads data frames as R keeps them: `.rda` files, and the lazy-load database of an installed package. The format is
 * R's serialization in XDR: "R Internals", §1.8; flags, types and attributes are numbered there.
 */

/**
 * The columns of the one data frame in an `.rda` file; factors as their labels. Needs the command `xz` where R used it.
 *
 * @param {string} file
 * @returns {Columns}
 */
export function readRda(file) {
  const bytes = decompress(readFileSync(file), file);
  if (bytes.toString('latin1', 0, 5) !== 'RDX2\n' && bytes.toString('latin1', 0, 5) !== 'RDX3\n')
    throw new RangeError(`${file} is no .rda file of version 2 or 3.`);
  const [frame] = Object.values(namesAndValues(unserialize(bytes.subarray(5))));
  return columnsOf(frame);
}

/**
 * The columns of a data frame in a package's lazy-load database, `<folder>/Rdata.rdx` and `Rdata.rdb`.
 *
 * @param {string} folder
 * @param {string} name
 * @returns {Columns}
 */
export function readLazyData(folder, name) {
  const index = inflateOrGunzip(readFileSync(`${folder}/Rdata.rdx`));
  const { variables } = /** @type {any} */ (listOf(unserialize(index)));
  const at = listOf(variables)[name];
  if (at === undefined)
    throw new RangeError(`${folder} has no ${name}: ${Object.keys(listOf(variables)).join(', ')}.`);
  const [offset, length] = at.values;
  const chunk = readFileSync(`${folder}/Rdata.rdb`).subarray(offset, offset + length);
  return columnsOf(unserialize(inflateSync(chunk.subarray(4))));
}

/** @param {Buffer} bytes @param {string} file */
function decompress(bytes, file) {
  if (bytes.toString('latin1', 1, 5) !== '7zXZ') return inflateOrGunzip(bytes);
  return execFileSync('xz', ['-dc', file], { maxBuffer: 1 << 30 });
}

/** @param {Buffer} bytes */
function inflateOrGunzip(bytes) {
  return bytes[0] === 0x1f ? gunzipSync(bytes) : inflateSync(bytes);
}

/**
 * @typedef {{ type: string, values: any[], attributes: Record<string, RValue> }} RValue
 * `values` of a list are RValues, else numbers, strings or null for NA.
 */

/** @param {RValue} frame @returns {Columns} */
function columnsOf(frame) {
  return Object.fromEntries(
    Object.entries(listOf(frame)).map(([name, { values, attributes }]) => {
      const levels = attributes.levels?.values;
      return [name, levels ? values.map((code) => levels[code - 1]) : values];
    }),
  );
}

/** @param {RValue} list @returns {Record<string, RValue>} */
function listOf(list) {
  return Object.fromEntries(list.attributes.names.values.map((name, i) => [name, list.values[i]]));
}

/** @param {RValue} value @returns {Record<string, RValue>} */
function namesAndValues(value) {
  return value.type === 'pairlist' ? value.attributes : listOf(value);
}

/** @param {Buffer} bytes @returns {RValue} */
function unserialize(bytes) {
  let at = 2;
  if (bytes.toString('latin1', 0, 2) !== 'X\n') throw new RangeError('No XDR serialization.');
  const int = () => bytes.readInt32BE((at += 4) - 4);
  const double = () => bytes.readDoubleBE((at += 8) - 8);
  const version = int();
  at += 8;
  // The length of the native encoding's name, and the name.
  if (version === 3) at += 4 + bytes.readInt32BE(at);
  /** @type {string[]} */
  const symbols = [];
  return item();

  /** @returns {RValue} */
  function item() {
    const flags = int();
    const type = flags & 0xff;
    const hasAttributes = (flags & 0x200) !== 0;
    if (type === 254 || type === 242) return plain('null', []);
    if (type === 255) return plain('symbol', [symbols[(flags >> 8) - 1]]);
    if (type === 1) {
      const name = item().values[0];
      symbols.push(name);
      return plain('symbol', [name]);
    }
    if (type === 2) return pairlist(flags);
    if (type === 9) {
      const length = int();
      return plain('char', [length < 0 ? null : bytes.toString('utf8', at, (at += length))]);
    }
    const read = { 10: int, 13: int, 14: double, 16: () => item().values[0], 19: item }[type];
    if (read === undefined) throw new RangeError(`R type ${type} is not read here.`);
    const values = Array.from({ length: int() }, read);
    return { type: String(type), values, attributes: hasAttributes ? item().attributes : {} };
  }

  /** @param {number} first @returns {RValue} */
  function pairlist(first) {
    /** @type {Record<string, RValue>} */
    const attributes = {};
    for (let flags = first; (flags & 0xff) === 2; flags = int()) {
      if (flags & 0x200) item();
      const tag = flags & 0x400 ? item().values[0] : '';
      attributes[tag] = item();
    }
    return { type: 'pairlist', values: [], attributes };
  }
}

/** @param {string} type @param {any[]} values @returns {RValue} */
function plain(type, values) {
  return { type, values, attributes: {} };
}
