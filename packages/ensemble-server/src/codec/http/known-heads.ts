import type { Content, InferRequest, InputTensor } from '../../protocol/messages.ts';
import { asBuffer } from '../json/numbers.ts';
import type { JsonLimits } from '../json/parse.ts';
import { readInferRequest, type DecodedRequest } from './read-request.ts';

// Clients send the same few heads again and again, before other bytes each time.
const MAX_HEAD_BYTES = 1024;
const MAX_HEADS = 64;

/** A head that was read: what it says, and how many bytes each input takes behind it. */
interface KnownHead {
  readonly reply: DecodedRequest['reply'];
  /** Its inputs without their bytes: a body is not kept for its head. */
  readonly request: InferRequest;
  readonly sizes: readonly number[];
  readonly dataBytes: number;
}

/** `readInferRequest`, which remembers the short heads of binary requests, so that a repeated one is not parsed again. */
export function createReader(
  limits: JsonLimits,
): (bytes: Uint8Array, headerLength: string | undefined) => DecodedRequest {
  const heads = new Map<string, KnownHead>();
  return (bytes, headerLength) => {
    const length = Number(headerLength ?? 0);
    const isKnowable =
      length > 0 &&
      length <= Math.min(MAX_HEAD_BYTES, bytes.length) &&
      // As others write the same number, it is not read, but refused.
      String(length) === headerLength;
    if (!isKnowable) return readInferRequest(bytes, headerLength, limits);
    // One character a byte: different heads are different texts.
    const text = asBuffer(bytes).toString('latin1', 0, length);
    const known = heads.get(text);
    if (known?.dataBytes === bytes.length - length) return fill(known, bytes, length);
    const decoded = readInferRequest(bytes, headerLength, limits);
    const head = headOf(decoded);
    if (head !== undefined) {
      if (heads.size >= MAX_HEADS) heads.delete(heads.keys().next().value!);
      heads.set(text, head);
    }
    return decoded;
  };
}

/** Undefined where some input has its elements in the JSON. */
function headOf(decoded: DecodedRequest): KnownHead | undefined {
  const { request, reply } = decoded;
  if (request === undefined) return undefined;
  const sizes: number[] = [];
  for (const { content } of request.inputs) {
    if (content.form !== 'bytes') return undefined;
    sizes.push(content.bytes.length);
  }
  const dataBytes = sizes.reduce((sum, size) => sum + size, 0);
  return {
    reply,
    request: { ...request, inputs: request.inputs.map(withoutBytes) },
    sizes,
    dataBytes,
  };
}

const nothing: Content = { form: 'bytes', bytes: new Uint8Array(0) };

function withoutBytes(input: InputTensor): InputTensor {
  return { ...input, content: nothing };
}

function fill(
  { reply, request, sizes }: KnownHead,
  bytes: Uint8Array,
  start: number,
): DecodedRequest {
  let at = start;
  const inputs = request.inputs.map(({ name, datatype, shape }, index): InputTensor => {
    const from = at;
    at += sizes[index]!;
    return { name, datatype, shape, content: { form: 'bytes', bytes: bytes.subarray(from, at) } };
  });
  const { id, parameters, outputs } = request;
  return { request: { id, parameters, inputs, outputs }, raw: undefined, reply };
}
