import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createHandler } from '@snapshot-ensemble/ensemble-server';
import createFastify, { type FastifyInstance } from 'fastify';
import { publicFolder } from './public-folder.ts';

/** A Fastify app with the Open Inference Protocol beside routes of its own. */
export async function fastifyApp(bundle: string): Promise<FastifyInstance> {
  const inference = await createHandler({ bundles: { digits: bundle } });
  const app = createFastify();
  const page = await readFile(join(publicFolder, 'index.html'));
  const script = await readFile(join(publicFolder, 'draw.js'));
  app.get('/draw/', (_, reply) => reply.type('text/html').send(page));
  app.get('/draw/draw.js', (_, reply) => reply.type('text/javascript').send(script));
  // The handler reads bodies itself, once they are admitted.
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('*', (_request, _body, done) => {
    done(null);
  });
  app.all('/*', (request, reply) => {
    reply.hijack();
    inference.handle(request.raw, reply.raw);
  });
  app.addHook('onClose', () => inference.close());
  return app;
}
