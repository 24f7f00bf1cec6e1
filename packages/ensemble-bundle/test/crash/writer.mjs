// @ts-check
// Exports bundle after bundle into a folder until it is killed; prints the number of each that was awaited.
import { writeBundle } from '../../dist/index.js';
import { bundleDirectory } from '../../dist/node/index.js';

const [folder = '', first = '0', manifest = '{}'] = process.argv.slice(2);
const fields = JSON.parse(manifest);
for (let number = Number(first); ; number += 1) {
  const graph = new Uint8Array(300_000).fill(number % 251);
  await writeBundle(bundleDirectory(folder), {
    manifest: { ...fields, name: String(number) },
    files: { 'ensemble.onnx': graph, 'members/000.onnx': graph },
  });
  process.stdout.write(`${number}\n`);
}
