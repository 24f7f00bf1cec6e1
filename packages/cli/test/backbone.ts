import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

const weights = Float32Array.of(1, -2, 0.5, 3, -1, 0.5, 0.25, 2);
const type = { dtype: { type: 'DT_FLOAT' } };

/** A graph model that turns four numbers into the two that members of the example store take, at its node `features`. */
export async function writeGraphBackbone(folder: string): Promise<string> {
  const shape = { shape: { dim: [{ size: '-1' }, { size: '4' }] } };
  const node = [
    { name: 'w', op: 'Const', attr: type },
    { name: 'x', op: 'Placeholder', attr: { ...type, shape } },
    { name: 'product', op: 'MatMul', input: ['x', 'w'] },
    { name: 'features', op: 'Relu', input: ['product'] },
    { name: 'Identity', op: 'Softmax', input: ['features'] },
  ];
  return write(folder, 'w', {
    format: 'graph-model',
    modelTopology: { node, versions: { producer: 1395 } },
    signature: { inputs: { x: { name: 'x:0' } }, outputs: { scores: { name: 'Identity:0' } } },
  });
}

/** The same as a layers model, which ends there. */
export async function writeLayersBackbone(folder: string): Promise<string> {
  const config = { name: 'front', units: 2, activation: 'relu', use_bias: false };
  const layers = [
    { class_name: 'Dense', config: { ...config, batch_input_shape: [null, 4], dtype: 'float32' } },
  ];
  return write(folder, 'front/kernel', {
    format: 'layers-model',
    modelTopology: { class_name: 'Sequential', config: { name: 'backbone', layers } },
  });
}

async function write(folder: string, name: string, model: object): Promise<string> {
  await mkdir(folder, { recursive: true });
  const file = join(folder, 'model.json');
  const manifest = [{ paths: ['w.bin'], weights: [{ name, shape: [4, 2], dtype: 'float32' }] }];
  await writeFile(file, JSON.stringify({ ...model, weightsManifest: manifest }));
  await writeFile(join(folder, 'w.bin'), weights);
  return file;
}
