import { createHash, randomUUID } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

interface Stored {
  readonly body: Buffer;
  readonly etag: string;
  readonly meta: Readonly<Record<string, string>>;
}

/** An S3 server in memory: as much of it as `s3Blobs` speaks, conditions included. It checks no signatures. */
export interface FakeS3 {
  readonly url: string;
  readonly objects: Map<string, Stored>;
  /** Uploads that were begun and neither completed nor aborted. */
  readonly uploads: Map<string, unknown>;
  /** Sees each request before it is answered; true if it answered it. */
  intercept: (request: IncomingMessage, body: Buffer, response: ServerResponse) => boolean;
  close(): Promise<void>;
}

export async function fakeS3(): Promise<FakeS3> {
  const objects = new Map<string, Stored>();
  const uploads = new Map<string, { meta: Stored['meta']; parts: Map<number, Buffer> }>();
  const server: Server = createServer((request, response) => {
    void answer(request, response);
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  const self: FakeS3 = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/bucket`,
    objects,
    uploads,
    intercept: () => false,
    close: () =>
      new Promise((resolve) => {
        server.closeAllConnections();
        server.close(() => {
          resolve();
        });
      }),
  };

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    try {
      for await (const chunk of request) chunks.push(chunk as Buffer);
    } catch {
      // The client gave up while it sent.
      return;
    }
    const body = Buffer.concat(chunks);
    if (self.intercept(request, body, response)) return;
    handle(request, body, response);
  }

  function handle(request: IncomingMessage, body: Buffer, response: ServerResponse): unknown {
    const { pathname, searchParams: query } = new URL(request.url ?? '', self.url);
    const key = pathname.slice('/bucket/'.length);
    const { headers, method } = request;
    const meta = Object.fromEntries(
      Object.entries(headers).filter(([name]) => name.startsWith('x-amz-meta-')),
    ) as Record<string, string>;
    const found = objects.get(key);
    const uploadId = query.get('uploadId') ?? '';
    const fails = (status: number, code: string): unknown => {
      response
        .writeHead(status)
        .end(method === 'HEAD' ? '' : `<Error><Code>${code}</Code></Error>`);
      return undefined;
    };
    const put = (bytes: Buffer, kept: Stored['meta'], tail = ''): Stored | undefined => {
      if (headers['if-none-match'] === '*' && found) {
        fails(412, 'PreconditionFailed');
        return undefined;
      }
      if (headers['if-match'] !== undefined && headers['if-match'] !== found?.etag) {
        fails(found ? 412 : 404, found ? 'PreconditionFailed' : 'NoSuchKey');
        return undefined;
      }
      const etag = `"${createHash('md5').update(bytes).digest('hex')}${tail}"`;
      const stored = { body: bytes, etag, meta: kept };
      objects.set(key, stored);
      return stored;
    };
    if (method === 'PUT' && uploadId !== '') {
      const upload = uploads.get(uploadId);
      if (!upload) return fails(404, 'NoSuchUpload');
      upload.parts.set(Number(query.get('partNumber')), body);
      return response.writeHead(200, { etag: `"part-${query.get('partNumber')}"` }).end();
    }
    if (method === 'PUT') {
      const stored = put(body, meta);
      return stored && response.writeHead(200, { etag: stored.etag }).end();
    }
    if (method === 'POST' && query.has('uploads')) {
      const id = randomUUID();
      uploads.set(id, { meta, parts: new Map() });
      const xml = `<InitiateMultipartUploadResult><UploadId>${id}</UploadId></InitiateMultipartUploadResult>`;
      return response.writeHead(200).end(xml);
    }
    if (method === 'POST') {
      const upload = uploads.get(uploadId);
      if (!upload) return fails(404, 'NoSuchUpload');
      const parts = [...upload.parts].toSorted(([a], [b]) => a - b).map(([, part]) => part);
      const stored = put(Buffer.concat(parts), upload.meta, `-${parts.length}`);
      if (!stored) return undefined;
      uploads.delete(uploadId);
      const xml = `<CompleteMultipartUploadResult><ETag>${stored.etag}</ETag></CompleteMultipartUploadResult>`;
      return response.writeHead(200).end(xml);
    }
    if (method === 'DELETE') {
      if (uploadId === '') objects.delete(key);
      else uploads.delete(uploadId);
      return response.writeHead(204).end();
    }
    if (query.has('list-type')) {
      const prefix = query.get('prefix') ?? '';
      const entries = [...objects]
        .filter(([name]) => name.startsWith(prefix))
        .toSorted(([a], [b]) => (a < b ? -1 : 1))
        .map(
          ([
            name,
            {
              body: { length },
              etag,
            },
          ]) => `<Contents><Key>${name}</Key><Size>${length}</Size><ETag>${etag}</ETag></Contents>`,
        );
      const xml = `<ListBucketResult>${entries.join('')}<IsTruncated>false</IsTruncated></ListBucketResult>`;
      return response.writeHead(200).end(xml);
    }
    if (!found) return fails(404, 'NoSuchKey');
    if (headers['if-match'] !== undefined && headers['if-match'] !== found.etag) {
      return fails(412, 'PreconditionFailed');
    }
    const [, first = '0', last = ''] = /^bytes=(\d+)-(\d*)$/.exec(headers.range ?? '') ?? [];
    const part = found.body.subarray(Number(first), last === '' ? undefined : Number(last) + 1);
    response.writeHead(headers.range === undefined ? 200 : 206, {
      etag: found.etag,
      'content-length': part.length,
      ...found.meta,
    });
    return response.end(method === 'HEAD' ? undefined : part);
  }

  return self;
}
