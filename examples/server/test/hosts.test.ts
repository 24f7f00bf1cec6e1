import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { expressApp } from '../src/express.ts';
import { fastifyApp } from '../src/fastify.ts';
import { exampleFolder } from './bundle.ts';

let folder: string;
beforeAll(async () => {
  folder = await exampleFolder();
});
afterAll(() => rm(folder, { recursive: true }));

interface Host {
  readonly url: string;
  close(): Promise<unknown>;
}

const hosts: Readonly<Record<string, () => Promise<Host>>> = {
  async express() {
    const { app, close } = await expressApp(join(folder, 'bundle'));
    const server = createServer(app).listen(0, '127.0.0.1');
    await once(server, 'listening');
    return {
      url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
      close: () => Promise.all([once(server.close(), 'close'), close()]),
    };
  },
  async fastify() {
    const app = await fastifyApp(join(folder, 'bundle'));
    await app.listen({ host: '127.0.0.1', port: 0 });
    const { port } = app.server.address() as AddressInfo;
    return { url: `http://127.0.0.1:${port}`, close: () => app.close() };
  },
};

/** The lines of the README that call curl. */
const lines = (await readFile(new URL('../README.md', import.meta.url), 'utf8'))
  .split('\n')
  .filter((line) => line.startsWith('curl '));

async function shell(command: string): Promise<{ code: unknown; output: string }> {
  const child = spawn('sh', ['-c', command], { cwd: folder });
  let output = '';
  child.stdout.on('data', (data: Buffer) => (output += data.toString('latin1')));
  child.stderr.on('data', (data: Buffer) => (output += data.toString('latin1')));
  const [code] = (await once(child, 'close')) as unknown[];
  return { code, output };
}

describe.each(Object.keys(hosts))('behind %s', (name) => {
  let host: Host;
  beforeAll(async () => {
    host = await hosts[name]!();
  });
  afterAll(() => host.close());

  it.each(lines)('%s', async (line) => {
    const { code, output } = await shell(line.replaceAll('http://127.0.0.1:8000', host.url));
    expect(code, output).toBe(0);
    if (line.includes('request.json')) expect(output).toContain('"members_used":3');
  });

  it('serves the page to draw on', async () => {
    const page = await fetch(`${host.url}/draw/`);
    expect(await page.text()).toContain('<canvas');
    expect((await fetch(`${host.url}/draw/draw.js`)).status).toBe(200);
  });
});
