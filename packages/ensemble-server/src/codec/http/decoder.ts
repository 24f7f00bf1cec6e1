import { Worker } from 'node:worker_threads';
import { ServerError, type ServerErrorCode } from '../../errors.ts';
import type { JsonLimits } from '../json/parse.ts';
import { createReader } from './known-heads.ts';
import type { DecodedRequest } from './read-request.ts';

/** Reads bodies of infer requests; those with much JSON on a thread of its own, so that the event loop stays free. */
export interface Decoder {
  decode(
    bytes: Uint8Array,
    headerLength: string | undefined,
  ): Promise<DecodedRequest> | DecodedRequest;
  close(): Promise<void>;
}

export interface DecodeJob {
  readonly id: number;
  readonly bytes: Uint8Array;
  readonly headerLength: string | undefined;
}

export type DecodeResult =
  | { readonly id: number; readonly decoded: DecodedRequest }
  | { readonly id: number; readonly code: ServerErrorCode; readonly message: string };

export interface DecoderOptions {
  readonly limits: JsonLimits;
  /** Bytes of JSON from which on the thread reads it: fewer take less than a millisecond. */
  readonly threadFrom?: number;
}

const THREAD_FROM = 192 * 1024;

// Threads run built JavaScript: Node 20 has no loader for TypeScript, so sources point at the build.
const entry = new URL(
  import.meta.url.endsWith('.ts')
    ? '../../../dist/codec/http/decode-thread.js'
    : './decode-thread.js',
  import.meta.url,
);

interface Waiting {
  readonly resolve: (decoded: DecodedRequest) => void;
  readonly reject: (error: Error) => void;
}

export function createDecoder({ limits, threadFrom = THREAD_FROM }: DecoderOptions): Decoder {
  const read = createReader(limits);
  const waiting = new Map<number, Waiting>();
  let lastId = 0;
  let worker: Worker | undefined;

  const failAll = (cause: unknown): void => {
    worker = undefined;
    for (const { reject } of waiting.values())
      reject(new Error('The thread that reads large requests ended.', { cause }));
    waiting.clear();
  };
  const start = (): Worker => {
    const thread = new Worker(entry, { workerData: limits, name: 'ensemble-server decoder' });
    thread.on('message', (result: DecodeResult) => {
      const call = waiting.get(result.id);
      waiting.delete(result.id);
      if (waiting.size === 0) thread.unref();
      if ('decoded' in result) call?.resolve(result.decoded);
      else call?.reject(new ServerError(result.code, result.message));
    });
    thread.on('error', failAll);
    thread.on('exit', failAll);
    return thread;
  };

  return {
    decode(bytes, headerLength) {
      const jsonLength = headerLength === undefined ? bytes.length : Number(headerLength);
      if (!(jsonLength >= threadFrom)) return read(bytes, headerLength);
      return new Promise<DecodedRequest>((resolve, reject) => {
        const id = ++lastId;
        waiting.set(id, { resolve, reject });
        worker ??= start();
        worker.ref();
        // Buffers of Node's pool cannot be given away; bodies of this size are none of it.
        const own = bytes.byteLength === bytes.buffer.byteLength ? bytes : new Uint8Array(bytes);
        const job: DecodeJob = { id, bytes: own, headerLength };
        worker.postMessage(job, [own.buffer as ArrayBuffer]);
      });
    },
    async close() {
      await worker?.terminate();
    },
  };
}
