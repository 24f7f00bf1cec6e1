// @ts-check
import { readFile, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import asc from 'assemblyscript/asc';

const here = new URL('.', import.meta.url);
const generated = new URL('../src/native-module.ts', here);

/** Compiles the sources beside this file; the same sources and compiler give the same bytes. */
export async function compile() {
  let binary = new Uint8Array();
  const { error, stderr } = await asc.main(
    [
      'index.ts',
      ...['--baseDir', fileURLToPath(here), '--outFile', 'module.wasm'],
      ...['-O3', '--noAssert', '--runtime', 'stub', '--enable', 'simd', '--enable', 'threads'],
      ...['--importMemory', '--noExportMemory', '--sharedMemory', '--maximumMemory', '65536'],
    ],
    {
      writeFile: (name, contents) => {
        if (name === 'module.wasm' && typeof contents !== 'string') binary = contents;
      },
    },
  );
  if (error !== null) throw new Error(`AssemblyScript: ${error.message}\n${stderr.toString()}`);
  return binary;
}

/** Where the flags of the imported memory stand: 3 is shared with a maximum, 1 the same unshared. */
export function memoryFlagsOffset(/** @type {Uint8Array} */ binary) {
  const name = [...'\x06memory\x02'].map((character) => character.charCodeAt(0));
  const at = binary.findIndex((_, start) => name.every((byte, i) => binary[start + i] === byte));
  const offset = at + name.length;
  if (at < 0 || binary[offset] !== 3) throw new Error('The module imports no shared memory.');
  return offset;
}

/** The TypeScript file that carries the module. */
export async function render() {
  const binary = await compile();
  const lines =
    Buffer.from(binary)
      .toString('base64')
      .match(/.{1,96}/g) ?? [];
  return [
    '// Generated from ../native by `npm run build:native`: do not edit.',
    '',
    '/** Offset of the flags of the imported memory in the module: 3 shared, 1 not. */',
    `export const memoryFlagsOffset = ${memoryFlagsOffset(binary)};`,
    '',
    '/** The module compiled from `native`, base64. */',
    'export const nativeModule: string =',
    ...lines.map((line, i) => `  '${line}'${i === lines.length - 1 ? ';' : ' +'}`),
    '',
  ].join('\n');
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const text = await render();
  const before = await readFile(generated, 'utf8').catch(() => '');
  if (text !== before) await writeFile(generated, text);
}
