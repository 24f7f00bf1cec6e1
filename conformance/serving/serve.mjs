// @ts-check
// Serves the bundles named on the command line (NAME=FOLDER …) until standard input ends.
import { serve } from '@snapshot-ensemble/ensemble-server';

const bundles = Object.fromEntries(process.argv.slice(2).map((word) => word.split('=', 2)));
const server = await serve({ bundles, port: 0 });
console.log(server.url);
process.stdin.resume().on('end', () => server.close());
