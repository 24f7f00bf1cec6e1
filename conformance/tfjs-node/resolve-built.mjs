// @ts-check
import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';

const built = createRequire(new URL('../.cache/tfjs-node/package.json', import.meta.url));

/** @type {import('node:module').ResolveHook} */
export const resolve = (specifier, context, next) =>
  specifier === '@tensorflow/tfjs-node'
    ? { url: pathToFileURL(built.resolve(specifier)).href, shortCircuit: true }
    : next(specifier, context);
