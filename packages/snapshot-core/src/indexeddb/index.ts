export { indexedDbBlobs } from './indexed-db-blobs.ts';
export { tabHolder } from './tab-holder.ts';
