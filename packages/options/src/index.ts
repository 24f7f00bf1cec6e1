export { checkOptions, nearestName } from './options.ts';
export type { KnownOptions } from './options.ts';
