// @ts-check
// Writes ensemble.schema.json, the shape of ensemble.json as JSON Schema, or with `--check` fails where it is another. Needs a build.
import { readFileSync, writeFileSync } from 'node:fs';
import { toJsonSchema } from '@valibot/to-json-schema';
import { manifestSchema, SCHEMA_VERSION } from '../dist/index.js';

const [major] = SCHEMA_VERSION.split('.');
const schema = {
  // JSON has no number that is not finite.
  ...toJsonSchema(/** @type {any} */ (manifestSchema), { ignoreActions: ['finite'] }),
  title: `ensemble.json, version ${SCHEMA_VERSION}`,
  description: `The table of contents of an ensemble bundle. Readers of version ${major} also check what a schema cannot say: indices, sums, paths, shapes that fit.`,
};
const file = new URL('../ensemble.schema.json', import.meta.url);
const text = `${JSON.stringify(schema, undefined, 2)}\n`;
if (!process.argv.includes('--check')) writeFileSync(file, text);
else if (readFileSync(file, 'utf8') !== text) process.exitCode = 1;
