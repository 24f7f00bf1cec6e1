import { readFile } from 'node:fs/promises';
import { get } from 'node:https';
import { credentials, Client } from '@grpc/grpc-js';
import { expect, it } from 'vitest';
import { serve } from '../src/index.ts';
import { tiny } from './helpers.ts';

// Made for these tests alone: openssl req -x509 -newkey ec …, for localhost and 127.0.0.1, a hundred years.
const [key, cert] = await Promise.all(
  ['key', 'cert'].map((name) => readFile(new URL(`tls/${name}.pem`, import.meta.url))),
);

it('speaks TLS over HTTP and gRPC, and plain text to nobody', async () => {
  const server = await serve({
    bundles: { tiny },
    port: 0,
    grpcPort: 0,
    tls: { key: key!, cert: cert! },
  });
  expect(server.url).toMatch(/^https:/);
  const status = await new Promise<number | undefined>((resolve, reject) => {
    get(`${server.url}/v2/health/ready`, { ca: cert! }, (response) => {
      response.resume();
      resolve(response.statusCode);
    }).on('error', reject);
  });
  expect(status).toBe(200);
  await expect(fetch(server.url.replace('https', 'http'))).rejects.toThrow();
  const client = new Client(server.grpc!, credentials.createSsl(cert));
  await new Promise<void>((resolve, reject) => {
    client.waitForReady(Date.now() + 30_000, (error) => {
      if (error === undefined) resolve();
      else reject(error);
    });
  });
  client.close();
  await server.close();
});
