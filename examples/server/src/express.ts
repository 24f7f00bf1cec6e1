import { createHandler } from '@snapshot-ensemble/ensemble-server';
import express, { type Express } from 'express';
import { publicFolder } from './public-folder.ts';

/** An Express app with the Open Inference Protocol beside routes of its own. */
export async function expressApp(
  bundle: string,
): Promise<{ app: Express; close: () => Promise<void> }> {
  const inference = await createHandler({ bundles: { digits: bundle } });
  const app = express();
  app.use('/draw', express.static(publicFolder));
  // Before any parser of bodies: the handler reads them itself, once they are admitted.
  app.use((request, response) => {
    inference.handle(request, response);
  });
  return { app, close: () => inference.close() };
}
