export { bundleDirectory } from './bundle-directory.ts';
export { cachedBundle } from './cached-bundle.ts';
export { collectRevisions } from './collect.ts';
export type { CollectedRevisions, CollectRevisionsOptions } from './collect.ts';
