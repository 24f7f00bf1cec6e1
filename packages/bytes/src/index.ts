export { isSafePath, MAX_PATH_LENGTH, pathProblem, pathsThatCollide } from './paths.ts';
export { sha256 } from './platform/current.ts';
export type { Sha256 } from './platform/sha256.ts';
export { joinChunks, measured, readAll, readInto, streamOf, tap } from './streams.ts';
export type { ByteSum } from './streams.ts';
