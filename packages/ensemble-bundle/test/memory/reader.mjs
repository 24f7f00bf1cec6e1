// @ts-check
// Reads the graph of a bundle and prints how many bytes the process has grown by at most. node reader.mjs FOLDER HOW
import { readBundle } from '../../dist/index.js';
import { bundleDirectory } from '../../dist/node/index.js';

const [folder = '', how = ''] = process.argv.slice(2);
const bundle = await readBundle(bundleDirectory(folder));
const graph = 'ensemble.onnx';
const readings = {
  readFile: () => bundle.readFile(graph),
  verify: () => bundle.verify(),
  async streamFile() {
    for await (const chunk of bundle.streamFile(graph)) if (chunk.length === 0) throw new Error();
  },
  /** The planted fault: all chunks are kept, and then joined. */
  async twice() {
    const chunks = [];
    for await (const chunk of bundle.streamFile(graph)) chunks.push(chunk.slice());
    return Buffer.concat(chunks);
  },
};
const before = process.resourceUsage().maxRSS;
await readings[/** @type {keyof typeof readings} */ (how)]();
process.stdout.write(String((process.resourceUsage().maxRSS - before) * 1024));
await bundle.close();
