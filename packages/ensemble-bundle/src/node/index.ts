export { bundleDirectory } from './bundle-directory.ts';
export { cachedBundle } from './cached-bundle.ts';
export { collectRevisions } from './collect.ts';
export type { Collected, CollectOptions } from './collect.ts';
