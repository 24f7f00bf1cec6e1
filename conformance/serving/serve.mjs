// @ts-check
// Serves the bundles named on the command line (NAME=FOLDER …) until standard input ends: HTTP, gRPC, loading for who has the key.
import { serve } from '@snapshot-ensemble/ensemble-server';

const bundles = Object.fromEntries(process.argv.slice(2).map((word) => word.split('=', 2)));
const server = await serve({
  bundles,
  port: 0,
  grpcPort: 0,
  access: { admin: { keys: ['conformance'] } },
});
console.log(`${server.url} ${server.grpc}`);
process.stdin.resume().on('end', () => server.close());
