import { ExportError } from '../errors.ts';
import { createScratch, type Allocate } from './scratch.ts';
import type { Message } from './wire.ts';

// The protobuf limit of one message, which onnxruntime shares.
export const MAX_MODEL_BYTES: number = 2 ** 31 - 1;

/** The message, if one file may hold it. Throws `ExportError('too-large')` from 2 GiB on. */
export function checkOneFile(message: Message): Message {
  if (message.byteLength <= MAX_MODEL_BYTES) return message;
  throw new ExportError(
    'too-large',
    `The model has ${message.byteLength} bytes; one ONNX file holds at most ${MAX_MODEL_BYTES}. Use writeOnnx(), which puts the weights into a file of their own.`,
  );
}

/** A message's bytes piece by piece; tensors are computed when they are reached, into memory from `allocate`. */
function* chunksOf(message: Message, allocate: Allocate): Generator<Uint8Array> {
  for (const piece of message.pieces)
    yield piece instanceof Uint8Array ? piece : piece.read(allocate);
}

/** The same for sinks, which are done with a chunk when they ask for the next. */
export async function* asyncChunksOf(message: Message): AsyncGenerator<Uint8Array> {
  const allocate = createScratch();
  for (const piece of message.pieces) {
    if (piece instanceof Uint8Array) yield piece;
    else {
      await piece.prepare?.();
      yield piece.read(allocate);
    }
  }
}

/** A message in one array. */
export function bytesOf(message: Message): Uint8Array<ArrayBuffer> {
  const out = new Uint8Array(checkOneFile(message).byteLength);
  let offset = 0;
  for (const chunk of chunksOf(message, createScratch())) {
    out.set(chunk, offset);
    offset += chunk.length;
  }
  return out;
}
