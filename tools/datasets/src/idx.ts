/** A tensor of unsigned bytes as an IDX file holds it, row-major. */
export interface IdxArray {
  readonly shape: readonly number[];
  readonly data: Uint8Array;
}

const UNSIGNED_BYTE = 0x08;

/**
 * Parses an IDX file of unsigned bytes, the format of MNIST: two zero bytes, a type, the rank, one big-endian
 * uint32 per dimension, the elements. The result is a view of `bytes`.
 *
 * Throws a RangeError that names `name` if the header or the length is wrong.
 */
export function parseIdx(bytes: Uint8Array, name: string): IdxArray {
  const fail = (what: string): never => {
    throw new RangeError(`${name} is no IDX file of unsigned bytes: ${what}. Fetch it again.`);
  };
  if (bytes.length < 4) fail(`it has ${bytes.length} bytes, a header has at least 4`);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (view.getUint16(0) !== 0) fail('it does not start with two zero bytes');
  if (bytes[2] !== UNSIGNED_BYTE)
    fail(`its element type is ${bytes[2]!}, expected ${UNSIGNED_BYTE}`);
  const rank = bytes[3]!;
  const header = 4 + 4 * rank;
  if (bytes.length < header) fail(`it ends inside its header of ${header} bytes`);
  const shape = Array.from({ length: rank }, (_, axis) => view.getUint32(4 + 4 * axis));
  const size = shape.reduce((product, dimension) => product * dimension, 1);
  if (bytes.length !== header + size)
    fail(`${shape.join('×')} needs ${header + size} bytes, it has ${bytes.length}`);
  return { shape, data: bytes.subarray(header) };
}
