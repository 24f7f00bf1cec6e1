// @ts-check
// Reads and writes safetensors files for check.py: one JSON request a line on stdin, one answer a line on stdout.
import { readFile, writeFile } from 'node:fs/promises';
import { createReadStream } from 'node:fs';
import { createInterface } from 'node:readline';
import {
  decodeSafetensors,
  decodeSafetensorsStream,
  encodeSafetensors,
} from '../../packages/snapshot-core/dist/index.js';

/** Same bytes as another element type, copied so that they are aligned. @param {string} hex */
const bytesOf = (hex) => new Uint8Array(Buffer.from(hex, 'hex')).buffer;

/** @type {Record<string, (buffer: ArrayBuffer) => ArrayBufferView>} */
const views = {
  float64: (buffer) => new Float64Array(buffer),
  float32: (buffer) => new Float32Array(buffer),
  float16: (buffer) => new Uint16Array(buffer),
  bfloat16: (buffer) => new Uint16Array(buffer),
  int32: (buffer) => new Int32Array(buffer),
  int64: (buffer) => new BigInt64Array(buffer),
  uint8: (buffer) => new Uint8Array(buffer),
  bool: (buffer) => new Uint8Array(buffer),
};

/** @param {any} tensor */
const described = ({ name, dtype, shape, data }) => ({
  name,
  dtype,
  shape,
  hex: Buffer.from(data.buffer, data.byteOffset, data.byteLength).toString('hex'),
});

/** @param {string} file @param {number} size */
async function streamed(file, size) {
  const tensors = [];
  const chunks = createReadStream(file, { highWaterMark: 37 });
  for await (const tensor of decodeSafetensorsStream(chunks, size)) tensors.push(described(tensor));
  return tensors;
}

/** @type {Record<string, (request: any) => Promise<unknown>>} */
const commands = {
  async read({ file }) {
    const bytes = await readFile(file);
    const { tensors, metadata } = decodeSafetensors(bytes);
    const whole = tensors.map(described);
    const inPieces = await streamed(file, bytes.byteLength);
    if (JSON.stringify(whole) !== JSON.stringify(inPieces))
      throw new Error('the two readers differ');
    return { tensors: whole, metadata };
  },
  async write({ file, tensors, metadata, fault }) {
    const named = tensors.map((/** @type {any} */ { hex, ...spec }) => ({
      ...spec,
      data: views[spec.dtype]?.(bytesOf(hex)),
    }));
    const bytes = encodeSafetensors(named, metadata);
    if (fault) bytes[bytes.length - 1] = (bytes.at(-1) ?? 0) ^ 1;
    await writeFile(file, bytes);
    return {};
  },
};

for await (const line of createInterface({ input: process.stdin })) {
  const { command, ...request } = JSON.parse(line);
  try {
    console.log(JSON.stringify({ ok: await commands[command]?.(request) }));
  } catch (error) {
    const { code, message } = /** @type {Error & { code?: string }} */ (error);
    console.log(JSON.stringify({ code: code ?? 'none', message }));
  }
}
