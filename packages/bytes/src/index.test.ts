import { expect, it } from 'vitest';
import * as bytes from './index.ts';
import * as node from './node/index.ts';

it('exports', () => {
  expect(Object.keys(bytes).sort()).toEqual([
    'MAX_PATH_LENGTH',
    'isSafePath',
    'joinChunks',
    'measured',
    'pathProblem',
    'pathsThatCollide',
    'readAll',
    'readInto',
    'sha256',
    'streamOf',
    'tap',
  ]);
  expect(Object.keys(node).sort()).toEqual([
    'errorCode',
    'flusher',
    'ignoring',
    'isProcessAlive',
    'makeFolder',
    'processIdentity',
    'renameFile',
    'replaceFile',
    'syncFolder',
    'writeFully',
    'writeNewFile',
  ]);
});
