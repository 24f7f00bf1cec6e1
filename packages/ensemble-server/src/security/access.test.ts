import { describe, expect, it } from 'vitest';
import { createAccess, DEFAULT_ACCESS, type Access } from './access.ts';

const check = (admin: Access, headers: Record<string, string> = {}) => {
  createAccess({ ...DEFAULT_ACCESS, admin })('admin', (name) => headers[name]);
};

describe('createAccess', () => {
  it.each<[Access, Record<string, string>]>([
    ['open', {}],
    [{ keys: ['a', 'b'] }, { authorization: 'Bearer b' }],
    [{ keys: ['a'] }, { authorization: 'bearer a' }],
    [{ keys: ['a'], header: 'X-Key' }, { 'x-key': 'a' }],
  ])('lets %j in with %j', (access, headers) => {
    expect(() => {
      check(access, headers);
    }).not.toThrow();
  });

  it.each<[Access, Record<string, string>, string]>([
    ['off', { authorization: 'Bearer a' }, 'forbidden'],
    [{ keys: ['a'] }, {}, 'unauthenticated'],
    [{ keys: ['a'] }, { authorization: 'a' }, 'unauthenticated'],
    [{ keys: ['a'] }, { authorization: 'Bearer aa' }, 'unauthenticated'],
    [{ keys: ['a'], header: 'x-key' }, { authorization: 'Bearer a' }, 'unauthenticated'],
  ])('keeps %j from %j', (access, headers, code) => {
    expect(() => {
      check(access, headers);
    }).toThrow(expect.objectContaining({ code }));
  });

  it('is off for loading and unloading unless told otherwise', () => {
    expect(DEFAULT_ACCESS.admin).toBe('off');
  });
});
