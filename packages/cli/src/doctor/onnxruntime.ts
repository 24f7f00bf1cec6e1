import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { memoryBundle, writeBundle, type BundleSource } from '@snapshot-ensemble/ensemble-bundle';
import { meanPolicy } from '@snapshot-ensemble/ensemble-math';
import { loadEnsemble, type Device } from '@snapshot-ensemble/ensemble-runtime';
import { installLine } from '../install-line.ts';
import { errorLine } from '../run-main.ts';
import type { Finding } from './finding.ts';
import { findPackage, type InstalledPackage } from './packages.ts';
import type { System } from './system.ts';

/** Looks for onnxruntime-node where ensemble-runtime would, and opens a session with it. */
export async function checkOnnxruntime(system: System): Promise<readonly Finding[]> {
  const what = 'onnxruntime-node';
  const runtime = fileURLToPath(import.meta.resolve('@snapshot-ensemble/ensemble-runtime'));
  const found = await findPackage(what, runtime);
  if (found === undefined)
    return [
      {
        what,
        state: 'absent',
        detail: 'not installed; serve and verify need it',
        remedy: `${installLine(what)}  (for an NVIDIA GPU without the variable: also downloads CUDA libraries)`,
      },
    ];
  const opened = await openSession();
  const loads: Finding =
    'failure' in opened
      ? { what, state: 'problem', detail: `${found.version}: ${opened.failure}` }
      : { what, state: 'ok', detail: `${found.version}, opens a session` };
  const script = checkInstallScript(found, system);
  return 'failure' in opened ? [loads, script] : [loads, script, cudaFinding(opened)];
}

function cudaFinding({ used, reason }: Device): Finding {
  return { what: 'CUDA', state: used === 'cuda' ? 'ok' : 'absent', detail: reason };
}

/** Whether the install script has fetched what the npm package leaves out: the CUDA provider on Linux x64. */
export function checkInstallScript(
  { folder }: InstalledPackage,
  { platform, arch }: System,
): Finding {
  const what = 'CUDA provider';
  if (platform !== 'linux' || arch !== 'x64')
    return { what, state: 'absent', detail: `none exists for ${platform} ${arch}` };
  const library = join(folder, 'bin/napi-v6/linux/x64/libonnxruntime_providers_cuda.so');
  if (existsSync(library))
    return { what, state: 'ok', detail: 'downloaded by the install script of onnxruntime-node' };
  return {
    what,
    state: 'absent',
    detail:
      'not downloaded: the install script of onnxruntime-node did not run, or was told to skip',
    remedy: `for a GPU: node ${join(folder, 'script/install.js')} --onnxruntime-node-install=cuda12`,
  };
}

/** The way that serve goes: a worker thread, a session (on CUDA if one opens there), one run. */
async function openSession(): Promise<Device | { readonly failure: string }> {
  try {
    const ensemble = await loadEnsemble(await reluBundle(), { device: 'auto', threads: 1 });
    try {
      const { outputs } = await ensemble.predict(Float32Array.of(-1));
      if (outputs['y']?.data[0] === 0) return ensemble.device;
      return { failure: `Relu(-1) is ${String(outputs['y']?.data[0])} instead of 0.` };
    } finally {
      await ensemble.close();
    }
  } catch (error) {
    return { failure: errorLine(error) };
  }
}

/** y = Relu(x), both float32 [rows, 1]: opset 17, IR 8, a ModelProto as base64. */
const relu =
  'CAg6SAoMCgF4EgF5IgRSZWx1EgZkb2N0b3JaFwoBeBISChAIARIMCgYSBHJvd3MKAggBYhcKAXkSEgoQCAESDAoGEgRyb3dzCgIIAUIECgAQEQ==';

async function reluBundle(): Promise<BundleSource> {
  const bundle = memoryBundle();
  const tensor = { dtype: 'float32', shape: [null, 1] } as const;
  await writeBundle(bundle, {
    manifest: {
      name: 'doctor',
      inputs: [{ name: 'x', ...tensor }],
      outputs: [{ name: 'y', ...tensor, role: 'prediction', of: 'y' }],
      labels: {},
      policy: { y: meanPolicy('regression', [0]) },
      members: [{ id: 'relu', cycle: 0, step: 0, metrics: {} }],
      form: 'fused',
      precision: 'float32',
      graph: 'ensemble.onnx',
      opset: 17,
      provenance: {},
    },
    files: { 'ensemble.onnx': Buffer.from(relu, 'base64') },
  });
  return bundle;
}
