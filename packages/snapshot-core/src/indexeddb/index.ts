export { indexedDbBlobs } from './indexed-db-blobs.ts';
