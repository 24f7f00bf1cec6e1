import { expect, it } from 'vitest';
import { openApi } from '../src/http/openapi.ts';
import { routes } from '../src/http/routes.ts';

it('describes every route, and no other', () => {
  const described = Object.entries(openApi.paths).flatMap(([path, methods]) =>
    Object.keys(methods).map((method) => `${method.toUpperCase()} ${path}`),
  );
  const there = routes.map(({ method, path }) => `${method} ${path.replaceAll(/:(\w+)/g, '{$1}')}`);
  expect(described.sort()).toEqual(there.sort());
});

it('describes the refusals of each group of routes', () => {
  for (const { method, path, group } of routes) {
    const { responses } = openApi.paths[path.replaceAll(/:(\w+)/g, '{$1}')]![
      method.toLowerCase()
    ] as { responses: Record<string, unknown> };
    const statuses = ['200', '401', '403', ...(group === 'inference' ? ['413', '503'] : [])];
    expect(Object.keys(responses), path).toEqual(expect.arrayContaining(statuses));
  }
});
