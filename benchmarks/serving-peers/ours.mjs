// @ts-check
// Our server with one onnxruntime thread: `node ours.mjs FOLDER`; prints its address, and ends with its standard input.
import { serve } from '@snapshot-ensemble/ensemble-server';

const server = await serve({
  bundles: { peers: process.argv[2] },
  port: 0,
  grpcPort: 0,
  runtime: { threads: 1, workers: 1 },
  // The others refuse nothing either.
  limits: { queueMs: 60_000 },
});
console.log(server.url);
process.stdin.resume().on('end', () => server.close());
