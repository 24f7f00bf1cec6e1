// @ts-check
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { fromFloat16 } from './float16.mjs';

/**
 * Outputs of the runs that gpu/sweep.py kept, by part and member.
 *
 * @param {string} raw its folder @param {string} file without extension @param {number} classes
 * @returns {{ settings: import('./recipes.mjs').Settings, seed: number, validation: Float32Array[], test: Float32Array[] }[]}
 */
export function readPredictions(raw, file, classes) {
  const bytes = gunzipSync(readFileSync(join(raw, `${file}.predictions.gz`)));
  const halves = new Uint16Array(new Uint8Array(bytes).buffer);
  let at = 0;
  const take = ([members, rows]) =>
    Array.from({ length: members }, () => {
      at += rows * classes;
      return fromFloat16(halves.subarray(at - rows * classes, at));
    });
  return JSON.parse(readFileSync(join(raw, `${file}.predictions.json`), 'utf8')).map((entry) => ({
    ...entry,
    validation: take(entry.validation),
    test: take(entry.test),
  }));
}
