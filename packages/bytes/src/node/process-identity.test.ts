import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { describe, expect, it } from 'vitest';
import { isProcessAlive, processIdentity } from './index.ts';

describe('isProcessAlive', () => {
  it('knows itself', async () => {
    expect(await isProcessAlive(await processIdentity())).toBe(true);
  });

  it('knows a process that has ended', async () => {
    const child = spawn(process.execPath, ['-e', '']);
    await once(child, 'exit');
    expect(await isProcessAlive({ ...(await processIdentity()), pid: child.pid! })).toBe(false);
  });

  it('takes a later process of the same id for another one', async () => {
    const own = await processIdentity();
    expect(await isProcessAlive({ ...own, start: `${own.start}9` })).toBe(false);
  });

  it.each([{ host: 'elsewhere' }, { boot: 'of a namesake' }, { pid: 0 }])(
    'cannot tell of %j',
    async (other) => {
      expect(await isProcessAlive({ ...(await processIdentity()), ...other })).toBeUndefined();
    },
  );
});
