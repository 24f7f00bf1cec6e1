import { createRequire } from 'node:module';

/** The OpenAPI 3.1 description of every route, `openapi.json` in the package's folder. */
export const openApi = createRequire(import.meta.url)('../../openapi.json') as {
  readonly paths: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
};

export const openApiText: string = JSON.stringify(openApi);
