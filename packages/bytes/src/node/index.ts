export { errorCode, ignoring } from './errors.ts';
export { flusher } from './flusher.ts';
export { makeFolder, syncFolder } from './folders.ts';
export { isProcessAlive, processIdentity } from './process-identity.ts';
export type { ProcessIdentity } from './process-identity.ts';
export { renameFile } from './rename.ts';
export type { RenameOptions } from './rename.ts';
export { replaceFile, writeFully, writeNewFile } from './write.ts';
export type { NewFileOptions } from './write.ts';
