// @ts-check
// `node --import ./use-built.mjs PROGRAM`: the program's `@tensorflow/tfjs-node` is the one that build.py made.
import { register } from 'node:module';

register('./resolve-built.mjs', import.meta.url);
