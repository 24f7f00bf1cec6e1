import { Agent, request } from 'node:http';
import { describe, expect, it } from 'vitest';
import { serve, type RunningServer } from '../src/index.ts';
import { tiny, x } from './helpers.ts';

/** `RESTARTS=100` for the long form. */
const RESTARTS = Number(process.env['RESTARTS'] ?? 4);

const body = JSON.stringify({ inputs: [x()] });

interface Sent {
  readonly status: number | undefined;
  readonly closes: boolean;
}

/** One request over a connection that is kept. */
function send(url: string, agent: Agent): Promise<Sent> {
  return new Promise((resolve, reject) => {
    const headers = { 'Content-Type': 'application/json', 'Content-Length': String(body.length) };
    request(`${url}/v2/models/tiny/infer`, { method: 'POST', agent, headers })
      .on('response', (response) => {
        const { statusCode: status, headers: came } = response;
        response.resume().on('end', () => {
          resolve({ status, closes: came.connection === 'close' });
        });
      })
      .on('error', reject)
      .end(body);
  });
}

async function answered(isTrue: () => boolean): Promise<void> {
  while (!isTrue()) await new Promise(setImmediate);
}

describe('drain', () => {
  it('is not ready at once, answers for the delay, and resets no connection', async () => {
    const server = await serve({ bundles: { tiny }, port: 0, preStopDelayMs: 60_000 });
    const agents = Array.from({ length: 16 }, () => new Agent({ keepAlive: true, maxSockets: 1 }));
    for (const agent of agents) expect((await send(server.url, agent)).status).toBe(200);
    const draining = server.drain();
    const ready = await fetch(`${server.url}/v2/health/ready`);
    expect([ready.status, await ready.json()]).toEqual([503, { ready: false }]);
    expect((await fetch(`${server.url}/v2/health/live`)).status).toBe(200);
    // The connections of before go on, and end with their next answer.
    const sent = await Promise.all(agents.map((agent) => send(server.url, agent)));
    expect(sent.map(({ status }) => status)).toEqual(Array(16).fill(200));
    expect(sent.every(({ closes }) => closes)).toBe(true);
    await server.close();
    await draining;
    await expect(send(server.url, agents[0]!)).rejects.toThrow('ECONNREFUSED');
    for (const agent of agents) agent.destroy();
  });

  it('lets a balancer restart servers one by one without a failed request', async () => {
    const start = () => serve({ bundles: { tiny }, port: 0, preStopDelayMs: 60_000 });
    const servers = [await start(), await start()];
    // As a balancer does: only those that are ready get requests.
    const ready = new Set(servers);
    const agent = new Agent({ keepAlive: true });
    let isOver = false;
    const statuses: (number | undefined)[] = [];
    const sent = new Map<RunningServer, number>();
    const client = async (): Promise<void> => {
      for (let turn = 0; !isOver; turn++) {
        const targets = [...ready];
        const target = targets[turn % targets.length]!;
        sent.set(target, (sent.get(target) ?? 0) + 1);
        statuses.push((await send(target.url, agent)).status);
        sent.set(target, sent.get(target)! - 1);
      }
    };
    const clients = Array.from({ length: 4 }, client);
    for (let restart = 0; restart < RESTARTS; restart++) {
      const old = servers.shift()!;
      const draining = old.drain();
      expect((await fetch(`${old.url}/v2/health/ready`)).status).toBe(503);
      ready.delete(old);
      // What was sent to it before is answered within its delay.
      await answered(() => sent.get(old) === 0);
      await old.close();
      await draining;
      const next = await start();
      servers.push(next);
      ready.add(next);
    }
    isOver = true;
    await Promise.all(clients);
    await Promise.all(servers.map((server) => server.close()));
    agent.destroy();
    expect(statuses.length).toBeGreaterThan(0);
    expect(statuses.every((status) => status === 200)).toBe(true);
  });
});
