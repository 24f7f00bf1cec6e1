import type { IncomingMessage } from 'node:http';
import { describe, expect, it } from 'vitest';
import { checkBrowser, defaultHosts } from './browser.ts';

const rules = { allowedHosts: defaultHosts('127.0.0.1'), allowedOrigins: ['https://a.example'] };
const check = (headers: Record<string, string>, method = 'POST') => {
  checkBrowser({ method, headers } as unknown as IncomingMessage, rules);
};
const host = '127.0.0.1:8000';

describe('checkBrowser', () => {
  it.each([
    { host },
    { host: 'localhost' },
    { host: '[::1]:8000' },
    { host, origin: 'http://127.0.0.1:8000' },
    { host, origin: 'https://a.example' },
    { host, 'content-type': 'application/json; charset=utf-8' },
    { host, 'sec-fetch-site': 'same-origin' },
  ])('lets %j through', (headers) => {
    expect(() => {
      check(headers);
    }).not.toThrow();
  });

  it.each([
    [{ host: 'evil.example' }, 'forbidden'],
    [{ host: 'evil.example:8000' }, 'forbidden'],
    [{ host: '127.0.0.1.evil.example' }, 'forbidden'],
    [{}, 'forbidden'],
    [{ host, origin: 'http://evil.example' }, 'forbidden'],
    [{ host, origin: 'http://127.0.0.1:9000' }, 'forbidden'],
    [{ host, origin: 'null' }, 'forbidden'],
    [{ host, 'sec-fetch-site': 'cross-site' }, 'forbidden'],
    [{ host, 'content-type': 'text/plain' }, 'unsupported-media-type'],
    [{ host, 'content-type': 'Text/Plain; charset=utf-8' }, 'unsupported-media-type'],
    [{ host, 'content-type': 'application/x-www-form-urlencoded' }, 'unsupported-media-type'],
    [{ host, 'content-type': 'multipart/form-data; boundary=x' }, 'unsupported-media-type'],
  ])('refuses %j', (headers, code) => {
    expect(() => {
      check(headers);
    }).toThrow(expect.objectContaining({ code }));
  });

  it('takes any name for a server that others can reach', () => {
    expect(defaultHosts('0.0.0.0')).toBeUndefined();
    expect(defaultHosts('127.0.0.2')).toContain('127.0.0.2');
  });
});
