import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import type { Finding } from './finding.ts';
import { findPackage, inProject } from './packages.ts';

const run = promisify(execFile);
/** tfjs-node reads a library of half a gigabyte; on a cold disk that takes a while. */
const loadTimeoutMs = 120_000;

/** Which TensorFlow.js the project in `directory` has. */
export async function checkTensorflow(directory: string): Promise<readonly Finding[]> {
  const tfjs = await checkInstalled(
    '@tensorflow/tfjs',
    directory,
    'training needs it',
    'npm install @tensorflow/tfjs',
  );
  const wasm = await checkInstalled(
    '@tensorflow/tfjs-backend-wasm',
    directory,
    'without it, TensorFlow.js trains in plain JavaScript, which is slow',
    'npm install @tensorflow/tfjs-backend-wasm @snapshot-ensemble/tfjs-wasm-training',
  );
  return [tfjs, wasm, await checkTfjsNode(directory)];
}

async function checkInstalled(
  what: string,
  directory: string,
  need: string,
  remedy: string,
): Promise<Finding> {
  const found = await findPackage(what, inProject(directory));
  return found === undefined
    ? { what, state: 'absent', detail: `not installed in this project; ${need}`, remedy }
    : { what, state: 'ok', detail: found.version };
}

async function checkTfjsNode(directory: string): Promise<Finding> {
  const what = '@tensorflow/tfjs-node';
  const found = await findPackage(what, inProject(directory));
  if (found === undefined)
    return {
      what,
      state: 'absent',
      detail: 'not installed; optional: for operations that WASM lacks',
    };
  // In a process of its own: a native library of the wrong kind may end the process that loads it.
  try {
    const script = `require(${JSON.stringify(found.folder)})`;
    await run(process.execPath, ['-e', script], { cwd: directory, timeout: loadTimeoutMs });
    return { what, state: 'ok', detail: `${found.version}, loads` };
  } catch (error) {
    const { stderr = '', message } = error as {
      readonly stderr?: string;
      readonly message: string;
    };
    const line =
      stderr.split('\n').find((text) => /error/i.test(text)) ?? message.split('\n', 1)[0] ?? '';
    return {
      what,
      state: 'problem',
      detail: `${found.version} does not load: ${line.trim()}`,
      remedy: 'npm rebuild @tensorflow/tfjs-node, or remove it: the WASM backend works without',
    };
  }
}
