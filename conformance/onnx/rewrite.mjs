// @ts-check
// Reads models and writes them again, as they are and after the graph passes: node rewrite.mjs FOLDER-OF-MODELS FOLDER
import { mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { decodeModel } from '../../packages/export-onnx/dist/onnx/read/decode.js';
import { encodeModel } from '../../packages/export-onnx/dist/onnx/encode.js';
import { bytesOf } from '../../packages/export-onnx/dist/onnx/file.js';
import { optimize } from '../../packages/export-onnx/dist/optimize/index.js';

const [source = '.', folder = 'out'] = process.argv.slice(2);
mkdirSync(folder, { recursive: true });
/** @type {Record<string, {nodes: number, left: number}>} */
const counts = {};
for (const entry of readdirSync(source, { recursive: true, withFileTypes: true })) {
  if (entry.name !== 'model.onnx') continue;
  const name = relative(source, entry.parentPath).replaceAll('/', '.');
  const model = decodeModel(readFileSync(join(entry.parentPath, entry.name)));
  const graph = optimize(model.graph, model.irVersion);
  writeFileSync(join(folder, `${name}.written.onnx`), bytesOf(encodeModel(model)));
  writeFileSync(join(folder, `${name}.folded.onnx`), bytesOf(encodeModel({ ...model, graph })));
  counts[name] = { nodes: model.graph.nodes.length, left: graph.nodes.length };
}
writeFileSync(join(folder, 'counts.json'), JSON.stringify(counts));
