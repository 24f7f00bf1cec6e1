// @ts-check
// What a server may do wrong, and operations that find out whether anything was believed that is not there. For the tests'
// server in memory and for the proxy of conformance.

/** Every way there is for a request to go wrong. */
export const faultKinds = /** @type {const} */ ([
  '500',
  'time-out',
  'cut before',
  'cut after',
  '200 with an error',
  'slow body',
  'cut body',
]);

/**
 * Makes an exchange go wrong; true if that answers the request, or leaves it without an answer.
 * @param {(typeof faultKinds)[number]} kind
 * @param {{ request: import('node:http').IncomingMessage, response: import('node:http').ServerResponse }} exchange
 */
export function plantFault(kind, { request, response }) {
  switch (kind) {
    case '500':
      response.writeHead(500).end('<Error><Code>InternalError</Code></Error>');
      return true;
    case 'time-out':
      return true;
    case 'cut before':
      request.socket.destroy();
      return true;
    case 'cut after':
      // The server does what it was asked, and its answer is lost.
      response.end = () => {
        request.socket.destroy();
        return response;
      };
      return false;
    case '200 with an error':
      response.writeHead(200).end('<Error><Code>InternalError</Code></Error>');
      return true;
    case 'slow body':
    case 'cut body': {
      const end = response.end.bind(response);
      response.end = (/** @type {unknown} */ chunk) => {
        const body = Buffer.from(/** @type {Buffer | string} */ (chunk ?? ''));
        if (body.length < 2) return end(body);
        response.write(body.subarray(0, 1));
        if (kind === 'cut body') setTimeout(() => request.socket.destroy(), 1);
        return response;
      };
      return false;
    }
  }
}

/** Numbers in [0, 1), the same for the same seed. Numerical Recipes' constants. @param {number} seed */
export function seededNumbers(seed) {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

const keyCount = 20;

/**
 * Writes, reads and removes a few blobs, so many times, and compares whatever is said of them with what is there.
 * @param {import('../../src/index.ts').BlobStore} blobs
 * @param {object} options
 * @param {(key: string) => Promise<string | undefined>} options.stored What the server really has under a key.
 * @param {number} options.operations
 * @param {() => number} options.random
 * @param {(index: number) => string} [options.textFor] What the write of this index writes.
 */
export async function operate(
  blobs,
  { stored, operations, random, textFor = (index) => `value ${index}` },
) {
  /** @type {Map<string, string>} */
  const believed = new Map();
  /** @type {Record<string, number>} */
  const outcomes = {};
  /** @type {string[]} */
  const wrong = [];
  /** @param {boolean} isRight @param {string} what */
  const demand = (isRight, what) => void (isRight || wrong.push(what));

  for (let index = 0; index < operations; index += 1) {
    const key = `k/${Math.floor(random() * keyCount)}`;
    const value = textFor(index);
    const action = random();
    /** @type {string} */
    let outcome;
    try {
      if (action < 0.5) {
        const isNew = action < 0.2;
        await blobs.write(key, streamOf(value), isNew ? { ifAbsent: true } : undefined);
        demand(!(isNew && believed.has(key)), `${index}: ${key} was written though it was there`);
        believed.set(key, value);
        outcome = 'written';
      } else if (action < 0.9) {
        demand(
          (await textOf(blobs.read(key))) === believed.get(key),
          `${index}: ${key} was read as something else`,
        );
        outcome = 'read';
      } else {
        await blobs.remove(key);
        believed.delete(key);
        outcome = 'removed';
      }
    } catch (error) {
      outcome = codeOf(error);
      if (outcome === 'not-found')
        demand(!believed.has(key), `${index}: ${key} was not found though it was there`);
      else if (outcome === 'conflict')
        demand(believed.has(key), `${index}: ${key} was in the way though it was not there`);
      else if (outcome === 'io') await settle(key);
      else throw error;
    }
    outcomes[outcome] = (outcomes[outcome] ?? 0) + 1;
  }
  for (let index = 0; index < keyCount; index += 1) {
    const key = `k/${index}`;
    const isRight = (await stored(key)) === believed.get(key);
    demand(isRight, `in the end ${key} is not what it was believed to be`);
  }
  return { outcomes, wrong };

  /** After an error nothing is promised: what is there counts. @param {string} key */
  async function settle(key) {
    const found = await stored(key);
    if (found === undefined) believed.delete(key);
    else believed.set(key, found);
  }
}

/** @param {unknown} error */
function codeOf(error) {
  return error instanceof Error && 'code' in error ? String(error.code) : '';
}

/** @param {string} text */
async function* streamOf(text) {
  yield new TextEncoder().encode(text);
}

/** @param {AsyncIterable<Uint8Array>} chunks */
async function textOf(chunks) {
  const parts = [];
  for await (const chunk of chunks) parts.push(Buffer.from(chunk));
  return Buffer.concat(parts).toString();
}
