import type { BundleDType } from '@snapshot-ensemble/ensemble-bundle';
import type { NonFiniteRows, OpenedGraph, SessionSettings } from './port.ts';
import type { Refusal } from './refusal.ts';

/** A tensor whose bytes follow the frame's JSON. */
export interface FramedTensor {
  readonly name: string;
  readonly dtype: BundleDType;
  readonly dims: readonly number[];
}

/** To the child. The payload of `open` is the model, that of `run` the feeds, in order. */
export type Command =
  | {
      readonly kind: 'open';
      readonly id: number;
      readonly settings: SessionSettings;
      readonly key: string;
    }
  | {
      readonly kind: 'run';
      readonly id: number;
      readonly graph: string;
      readonly rows: number;
      readonly feeds: readonly FramedTensor[];
      readonly outputs: readonly string[];
    }
  | { readonly kind: 'close'; readonly id: number };

/** From the child, one to each command. The payload of `result` is the outputs, in order. */
export type Reply =
  | { readonly kind: 'opened'; readonly opened: OpenedGraph }
  | {
      readonly kind: 'result';
      readonly outputs: readonly FramedTensor[];
      readonly nonFinite: NonFiniteRows;
      readonly runMs: number;
    }
  | { readonly kind: 'closed' }
  | { readonly kind: 'refused'; readonly refusal: Refusal };

/** Before the JSON of a frame: its length, 32 bits, little-endian. */
export const PREFIX_BYTES = 4;

interface Head {
  readonly message: object;
  /** Bytes of each part of the payload. */
  readonly sizes: readonly number[];
}

// Each frame would otherwise pay for making them.
const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** The head of a frame: prefix and JSON. Its payload follows as it is. */
export function encodeHead(message: object, sizes: readonly number[]): Uint8Array {
  const head: Head = { message, sizes };
  const json = encoder.encode(JSON.stringify(head));
  const bytes = new Uint8Array(PREFIX_BYTES + json.length);
  new DataView(bytes.buffer).setUint32(0, json.length, true);
  bytes.set(json, PREFIX_BYTES);
  return bytes;
}

export function jsonLength(prefix: Uint8Array): number {
  return new DataView(prefix.buffer, prefix.byteOffset).getUint32(0, true);
}

export function decodeHead(json: Uint8Array): Head {
  return JSON.parse(decoder.decode(json)) as Head;
}

/** Puts frames together from the chunks of a stream. */
export function createFrameReader(
  onFrame: (message: object, payload: readonly ArrayBuffer[]) => void,
): (chunk: Uint8Array) => void {
  let target = new Uint8Array(PREFIX_BYTES);
  let filled = 0;
  let part: 'prefix' | 'json' | 'payload' = 'prefix';
  let message: object;
  let payload: ArrayBuffer[] = [];
  let next = 0;

  const expect = (what: typeof part, bytes: Uint8Array<ArrayBuffer>): void => {
    part = what;
    target = bytes;
    filled = 0;
  };
  /** Goes on to the next part of the payload that has bytes, or ends the frame. */
  const advance = (): void => {
    while (next < payload.length && payload[next]!.byteLength === 0) next++;
    if (next < payload.length) {
      expect('payload', new Uint8Array(payload[next++]!));
      return;
    }
    const done = payload;
    payload = [];
    expect('prefix', new Uint8Array(PREFIX_BYTES));
    onFrame(message, done);
  };
  const complete = (): void => {
    if (part === 'prefix') expect('json', new Uint8Array(jsonLength(target)));
    else if (part === 'json') {
      const head = decodeHead(target);
      message = head.message;
      payload = head.sizes.map((size) => new ArrayBuffer(size));
      next = 0;
      advance();
    } else advance();
  };
  return (chunk) => {
    let at = 0;
    while (at < chunk.length) {
      const end = Math.min(chunk.length, at + target.length - filled);
      target.set(chunk.subarray(at, end), filled);
      filled += end - at;
      at = end;
      if (filled === target.length) complete();
    }
  };
}
