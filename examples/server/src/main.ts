import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { resolve } from 'node:path';
import { expressApp } from './express.ts';
import { fastifyApp } from './fastify.ts';

const [folder, host = 'express', port = '8000'] = process.argv.slice(2);
if (folder === undefined || !['express', 'fastify'].includes(host)) {
  console.error('Usage: npm start -w examples/server -- <bundle folder> [express|fastify] [port]');
  process.exit(1);
}

// npm runs the script in this workspace, and says where it was called.
const bundle = resolve(process.env['INIT_CWD'] ?? '.', folder);
const tell = (at: number): void => {
  console.log(`Draw at http://127.0.0.1:${at}/draw/, or ask http://127.0.0.1:${at}/v2`);
};
if (host === 'express') {
  const { app, close } = await expressApp(bundle);
  const server = createServer(app).listen(Number(port), '127.0.0.1', () => {
    tell((server.address() as AddressInfo).port);
  });
  process.once('SIGINT', () => server.close(() => void close()));
} else {
  const app = await fastifyApp(bundle);
  await app.listen({ host: '127.0.0.1', port: Number(port) });
  tell((app.server.address() as AddressInfo).port);
  process.once('SIGINT', () => void app.close());
}
