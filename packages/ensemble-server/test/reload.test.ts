import { setTimeout } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { serve } from '../src/index.ts';
import { post, readError, readJson, x } from './helpers.ts';
import { switchable, tinyShifted } from './variant.ts';

/** `RELOADS=60 RELOAD_EVERY_MS=1000` for the long form. */
const RELOADS = Number(process.env['RELOADS'] ?? 4);
const EVERY_MS = Number(process.env['RELOAD_EVERY_MS'] ?? 0);

describe('reload', () => {
  it('under load fails no request, and each answer is wholly of the version it names', async () => {
    const [even, odd] = [await tinyShifted(0), await tinyShifted(1)];
    const bundle = switchable(even);
    const server = await serve({ bundles: { tiny: bundle.source }, port: 0 });
    const first = async (): Promise<{ version: string; data: string }> => {
      const response = await post(server, { inputs: [x()], outputs: [{ name: 'probs' }] });
      expect(response.status).toBe(200);
      const body = await readJson(response);
      return { version: body.model_version, data: String(body.outputs[0]!.data) };
    };
    const answers = new Map<string, Set<string>>();
    let isOver = false;
    let count = 0;
    const client = async (): Promise<void> => {
      while (!isOver) {
        const { version, data } = await first();
        answers.set(version, (answers.get(version) ?? new Set()).add(data));
        count++;
      }
    };
    const clients = Array.from({ length: 4 }, client);
    for (let version = 2; version <= 1 + RELOADS; version++) {
      await setTimeout(EVERY_MS);
      bundle.switchTo(version % 2 === 0 ? odd : even);
      await server.reload('tiny');
      expect((await first()).version).toBe(String(version));
    }
    isOver = true;
    await Promise.all(clients);
    await server.close();
    expect(count).toBeGreaterThan(0);
    const byParity = [new Set<string>(), new Set<string>()];
    for (const [version, data] of answers) {
      expect(data.size).toBe(1);
      byParity[Number(version) % 2]!.add([...data][0]!);
    }
    // Two bundles, two answers: one for the odd versions, another for the even ones.
    expect(byParity.map(({ size }) => size)).toEqual([1, 1]);
    expect(byParity[0]).not.toEqual(byParity[1]);
  });

  it('over the protocol is off, and where it is on needs its key', async () => {
    const source = await tinyShifted(0);
    const off = await serve({ bundles: { tiny: source }, port: 0 });
    const load = (url: string, headers: Record<string, string> = {}, body?: string) =>
      fetch(`${url}/v2/repository/models/tiny/load`, {
        method: 'POST',
        headers: { 'Content-Type': 'application/json', ...headers },
        ...(body !== undefined && { body }),
      });
    expect((await load(off.url)).status).toBe(403);
    await off.close();

    const on = await serve({
      bundles: { tiny: source },
      port: 0,
      access: { admin: { keys: ['secret'] } },
    });
    expect((await load(on.url)).status).toBe(401);
    const key = { Authorization: 'Bearer secret' };
    expect((await load(on.url, key)).status).toBe(200);
    const overridden = await load(on.url, key, '{"parameters":{"config":"{}"}}');
    expect([overridden.status, await readError(overridden)]).toEqual([
      400,
      expect.stringContaining('the parameters config cannot change it'),
    ]);
    const index = async (): Promise<unknown> =>
      (await fetch(`${on.url}/v2/repository/index`, { method: 'POST' })).json();
    expect(await index()).toEqual([{ name: 'tiny', version: '2', state: 'READY', reason: '' }]);
    const unload = await fetch(`${on.url}/v2/repository/models/tiny/unload`, {
      method: 'POST',
      headers: key,
    });
    expect(unload.status).toBe(200);
    expect((await fetch(`${on.url}/v2/health/ready`)).status).toBe(503);
    expect((await post(on, { inputs: [x()] })).status).toBe(503);
    expect((await load(on.url, key)).status).toBe(200);
    expect((await post(on, { inputs: [x()] })).status).toBe(200);
    await on.close();
  });
});
