import { describe, expect, it } from 'vitest';
import { createRepository, type VersionSource } from '../src/repository/repository.ts';
import { createFakes } from './fake-model.ts';

const single = (open: VersionSource['open'], revision?: () => string) => ({
  single: { open, readRevision: () => Promise.resolve(revision?.()) },
});

describe('repository', () => {
  it('is ready once every model has a version', async () => {
    const fakes = createFakes();
    const open: VersionSource['open'] = (version) => Promise.resolve(fakes.open(version));
    const repository = createRepository({ a: single(open), b: single(open) });
    expect(repository.isReady()).toBe(false);
    await repository.load('a');
    expect(repository.isReady()).toBe(false);
    expect(() => repository.find({ model: 'b' })).toThrow('Model "b" is not ready');
    await repository.load('b');
    expect(repository.isReady()).toBe(true);
    await repository.close();
    expect(fakes.alive).toBe(0);
  });

  it('counts versions up, and keeps what is in use open until it is released', async () => {
    const fakes = createFakes();
    const repository = createRepository({
      m: single((version) => Promise.resolve(fakes.open(version))),
    });
    await repository.load('m');
    const lease = repository.acquire({ model: 'm' });
    const reloading = repository.load('m');
    await Promise.resolve();
    while (repository.find({ model: 'm' }).version === '1') await new Promise(setImmediate);
    expect(repository.index().map(({ version, state }) => [version, state])).toEqual([
      ['1', 'UNLOADING'],
      ['2', 'READY'],
    ]);
    expect(fakes.alive).toBe(2);
    lease.release();
    lease.release();
    await reloading;
    expect(fakes.alive).toBe(1);
    expect(repository.versions('m')).toEqual(['2']);
    expect(() => repository.find({ model: 'm', version: '1' })).toThrow('has no version "1"');
  });

  it('never has more than two versions of a model in memory', async () => {
    const fakes = createFakes();
    const repository = createRepository({
      m: single((version) => Promise.resolve(fakes.open(version))),
    });
    await repository.load('m');
    const lease = repository.acquire({ model: 'm' });
    const loads = Array.from({ length: 5 }, () => repository.load('m'));
    for (let turn = 0; turn < 20; turn++) await new Promise(setImmediate);
    lease.release();
    await Promise.all(loads);
    expect(fakes.mostAlive).toBe(2);
    expect(repository.find({ model: 'm' }).version).toBe('6');
  });

  it('goes on with the old version where the new one does not open, and says so', async () => {
    const fakes = createFakes();
    let fails = false;
    const repository = createRepository({
      m: single((version) =>
        fails ? Promise.reject(new Error('no disk')) : Promise.resolve(fakes.open(version)),
      ),
    });
    await repository.load('m');
    fails = true;
    await expect(repository.load('m')).rejects.toMatchObject({
      code: 'load-failed',
      message: 'Model "m" could not be loaded. Version 1 goes on answering.',
    });
    expect(repository.index()).toEqual([{ name: 'm', version: '1', state: 'READY', reason: '' }]);
    fails = false;
    await repository.load('m');
    expect(repository.find({ model: 'm' }).version).toBe('3');
  });

  it('does nothing where the revision is the same', async () => {
    const fakes = createFakes();
    let revision = 'r1';
    const repository = createRepository({
      m: single(
        (version) => Promise.resolve(fakes.open(version, { revision })),
        () => revision,
      ),
    });
    expect(await repository.load('m')).toBe(true);
    expect(await repository.load('m')).toBe(false);
    revision = 'r2';
    expect(await repository.load('m')).toBe(true);
    expect(repository.versions('m')).toEqual(['2']);
  });

  it('serves several versions under their own numbers, the last by default', async () => {
    const fakes = createFakes();
    const version = {
      open: (number: string) => Promise.resolve(fakes.open(number)),
      readRevision: () => Promise.resolve(undefined),
    };
    const repository = createRepository({ m: { versions: { 3: version, 7: version } } });
    await repository.load('m');
    expect(repository.versions('m')).toEqual(['3', '7']);
    expect(repository.find({ model: 'm' }).version).toBe('7');
    expect(repository.find({ model: 'm', version: '3' }).version).toBe('3');
    await repository.unload('m');
    expect(fakes.alive).toBe(0);
    expect(repository.index()).toEqual([
      { name: 'm', version: '', state: 'UNAVAILABLE', reason: 'unloaded' },
    ]);
  });
});
