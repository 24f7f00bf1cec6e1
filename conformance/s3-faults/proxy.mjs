// @ts-check
import { Agent, createServer, request as send } from 'node:http';
import { AwsClient } from 'aws4fetch';
import {
  faultKinds,
  plantFault,
  seededNumbers,
} from '../../packages/snapshot-core/test/s3/server-faults.mjs';

export const keys = { accessKeyId: 'any', secretAccessKey: 'any' };

/** @typedef {{ path: string, isAbandoned: boolean, done: Promise<void> }} Exchange */

/**
 * A proxy that makes a share of the requests go wrong before or after the server has them.
 * @param {string} bucketUrl The bucket of the real server.
 * @param {{ share: number, seed: number }} faults
 */
export async function faultProxy(bucketUrl, { share, seed }) {
  const upstream = new URL(bucketUrl);
  const agent = new Agent({ keepAlive: true });
  const direct = new AwsClient({ ...keys, service: 's3', region: 'us-east-1' });
  const random = seededNumbers(seed);
  /** How often which method met which fault, by `kind method`. @type {Record<string, number>} */
  const planted = {};
  /** @type {Set<Exchange>} */
  const exchanges = new Set();
  let requests = 0;

  const server = createServer(async (request, response) => {
    const chunks = [];
    try {
      for await (const chunk of request) chunks.push(chunk);
    } catch {
      // The client gave up while it sent.
      return;
    }
    requests += 1;
    if (random() < share) {
      const kind = faultKinds[Math.floor(random() * faultKinds.length)] ?? '500';
      const name = `${kind} ${request.method}`;
      planted[name] = (planted[name] ?? 0) + 1;
      if (plantFault(kind, { request, response })) return;
    }
    const { pathname } = new URL(request.url ?? '', bucketUrl);
    // What was given up is done before anything newer: a server that takes writes in another order than they were sent in
    // is not what is tried here.
    await settled(pathname, ({ isAbandoned }) => isAbandoned);
    forward(pathname, request, response, Buffer.concat(chunks));
  });

  /**
   * @param {string} path
   * @param {import('node:http').IncomingMessage} request
   * @param {import('node:http').ServerResponse} response
   * @param {Buffer} body
   */
  function forward(path, request, response, body) {
    const { method, url, headers } = request;
    const options = { agent, host: upstream.hostname, port: upstream.port, method, path: url };
    /** @type {Exchange} */
    const exchange = {
      path,
      isAbandoned: false,
      done: new Promise((resolve) => {
        const sent = send(
          { ...options, headers: { ...headers, host: upstream.host } },
          (answer) => {
            /** @type {Buffer[]} */
            const parts = [];
            answer.on('data', (part) => parts.push(part));
            answer.on('end', () => {
              exchanges.delete(exchange);
              resolve();
              const kept = { ...answer.headers };
              delete kept['transfer-encoding'];
              delete kept.connection;
              response.writeHead(answer.statusCode ?? 502, kept);
              response.end(Buffer.concat(parts));
            });
          },
        );
        sent.on('error', () => {
          exchanges.delete(exchange);
          resolve();
          request.socket.destroy();
        });
        sent.end(body);
      }),
    };
    exchanges.add(exchange);
    response.once('close', () => (exchange.isAbandoned = true));
  }

  /** @param {string} path @param {(exchange: Exchange) => boolean} counts */
  async function settled(path, counts) {
    const waiting = [...exchanges].filter((exchange) => exchange.path === path && counts(exchange));
    await Promise.all(waiting.map(({ done }) => done));
  }

  await new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve(undefined)));
  const address = /** @type {import('node:net').AddressInfo} */ (server.address());
  return {
    url: `http://127.0.0.1:${address.port}${upstream.pathname}`,
    planted,
    requests: () => requests,
    /** What the server has under a key, once nothing is on its way there. @param {string} key */
    async stored(key) {
      await settled(`${upstream.pathname}/${key}`, () => true);
      const answer = await direct.fetch(`${bucketUrl}/${key}`);
      if (answer.status === 404) return undefined;
      if (!answer.ok) throw new Error(`GET ${key} was answered ${answer.status}`);
      return answer.text();
    },
    close() {
      server.closeAllConnections();
      server.close();
      agent.destroy();
    },
  };
}
