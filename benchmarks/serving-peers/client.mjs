// @ts-check
// Sends HTTP requests in turn, again and again, over some connections, from raw sockets, on a core of its own. Reads its load as JSON
// from standard input and writes what it measured.
import { connect } from 'node:net';
import { text } from 'node:stream/consumers';

/**
 * @typedef {object} Load
 * @property {string} url
 * @property {readonly string[]} bodies Base64.
 * @property {Record<string, string>} headers
 * @property {number} connections
 * @property {number} seconds
 * @property {number} [warmup] Seconds that are not counted. Default 1.
 *
 * @typedef {{ rate: number, p50: number, p99: number, answers: number, failures: number, sentBytes: number, receivedBytes: number }} Measured
 * `rate` is requests a second; `p50` and `p99` are milliseconds; the bytes are those of one request and of one answer.
 */

console.log(JSON.stringify(await measure(JSON.parse(await text(process.stdin)))));

/**
 * @param {Load} load
 * @returns {Promise<Measured>}
 */
async function measure({ url, bodies, headers, connections, seconds, warmup = 1 }) {
  const { hostname, port, pathname } = new URL(url);
  const requests = bodies.map((body) => {
    const bytes = Buffer.from(body, 'base64');
    const head = Object.entries({
      Host: `${hostname}:${port}`,
      'Content-Length': bytes.length,
      ...headers,
    })
      .map(([name, value]) => `${name}: ${value}\r\n`)
      .join('');
    return Buffer.concat([Buffer.from(`POST ${pathname} HTTP/1.1\r\n${head}\r\n`), bytes]);
  });
  let turn = 0;
  let receivedBytes = 0;
  /** @type {number[]} */
  const times = [];
  let failures = 0;
  const begin = performance.now() + warmup * 1000;
  const end = begin + seconds * 1000;
  await Promise.all(
    Array.from(
      { length: connections },
      () =>
        new Promise((resolve, reject) => {
          const socket = connect(Number(port), hostname);
          socket.setNoDelay(true);
          let sent = 0;
          /** @type {Buffer} */
          let came = Buffer.alloc(0);
          let wanted = -1;
          const send = () => {
            sent = performance.now();
            socket.write(requests[turn++ % requests.length]);
          };
          socket.on('connect', send).on('error', reject);
          socket.on('data', (data) => {
            came = came.length === 0 ? data : Buffer.concat([came, data]);
            if (wanted < 0) {
              const at = came.indexOf('\r\n\r\n');
              if (at < 0) return;
              const text = came.toString('latin1', 0, at);
              const length = /content-length: *(\d+)/i.exec(text);
              if (length === null) {
                reject(new Error(`an answer without a length came:\n${text}`));
                return;
              }
              wanted = at + 4 + Number(length[1]);
              receivedBytes = wanted;
              if (!text.startsWith('HTTP/1.1 200')) failures++;
            }
            if (came.length < wanted) return;
            const now = performance.now();
            if (sent >= begin && now <= end) times.push(now - sent);
            came = Buffer.alloc(0);
            wanted = -1;
            if (now < end) send();
            else {
              socket.destroy();
              resolve(undefined);
            }
          });
        }),
    ),
  );
  times.sort((a, b) => a - b);
  const at = (/** @type {number} */ share) =>
    times[Math.min(times.length - 1, Math.floor(share * times.length))] ?? NaN;
  return {
    rate: times.length / seconds,
    p50: at(0.5),
    p99: at(0.99),
    answers: times.length,
    failures,
    sentBytes: requests[0].length,
    receivedBytes,
  };
}
