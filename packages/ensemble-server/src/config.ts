import { readFile } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import * as v from 'valibot';
import type { LoadOptions } from '@snapshot-ensemble/ensemble-runtime';
import { DEFAULT_LIMITS, type ServedModel, type ServeOptions } from './options.ts';
import { DEFAULT_ACCESS, type Access, type AccessRules } from './security/access.ts';

const text = v.pipe(v.string(), v.nonEmpty());
const number = v.pipe(v.number(), v.finite());
const runtime = v.record(text, v.unknown());
const modelLimits = v.strictObject({
  maxRows: v.exactOptional(number),
  maxQueueMs: v.exactOptional(number),
});
const model = v.union([
  text,
  v.strictObject({
    bundle: text,
    runtime: v.exactOptional(runtime),
    limits: v.exactOptional(modelLimits),
  }),
  v.strictObject({
    versions: v.record(text, text),
    runtime: v.exactOptional(runtime),
    limits: v.exactOptional(modelLimits),
  }),
]);
const access = v.union([
  v.picklist(['open', 'off']),
  v.strictObject({
    /** Environment variable that holds a key; several keys are separated by commas. */
    keysFrom: text,
    header: v.exactOptional(text),
  }),
]);
const limits = Object.fromEntries(
  Object.keys(DEFAULT_LIMITS).map((name) => [name, v.exactOptional(number)]),
);
const groups = Object.fromEntries(
  Object.keys(DEFAULT_ACCESS).map((name) => [name, v.exactOptional(access)]),
);

const schema = v.strictObject({
  bundles: v.record(text, model),
  host: v.exactOptional(text),
  port: v.exactOptional(number),
  grpcPort: v.exactOptional(number),
  tls: v.exactOptional(v.strictObject({ key: text, cert: text, clientCa: v.exactOptional(text) })),
  runtime: v.exactOptional(runtime),
  limits: v.exactOptional(v.strictObject(limits)),
  access: v.exactOptional(v.strictObject(groups)),
  allowedHosts: v.exactOptional(v.array(text)),
  allowedOrigins: v.exactOptional(v.array(text)),
  watchMs: v.exactOptional(number),
  preStopDelayMs: v.exactOptional(number),
  shutdownMs: v.exactOptional(number),
});

/**
 * Reads the options of `serve` from a JSON file, by their names. Folders and files in it are taken from its own folder,
 * TLS keys from PEM files, and API keys from the environment variables that `keysFrom` names. Throws a `RangeError`
 * that says what is wrong and where.
 */
export async function readServeConfig(
  path: string,
  environment: Readonly<Record<string, string | undefined>>,
): Promise<ServeOptions> {
  const parsed = v.safeParse(schema, parseJson(path, await readFile(path, 'utf8')));
  if (!parsed.success) {
    const [issue] = parsed.issues;
    throw new RangeError(
      `${path}: ${v.getDotPath(issue) ?? 'the file'} is wrong: ${issue.message}.`,
    );
  }
  const folder = dirname(path);
  // An address such as s3://models/digits is for whoever can read it.
  const at = (file: string): string => (file.includes('://') ? file : resolve(folder, file));
  const { tls, access: rules, bundles, ...rest } = parsed.output;
  return {
    ...(rest as Omit<ServeOptions, 'bundles'>),
    bundles: Object.fromEntries(
      Object.entries(bundles).map(([name, served]) => [name, locate(served, at)]),
    ),
    ...(tls !== undefined && { tls: await readTls(tls, at) }),
    ...(rules !== undefined && { access: readAccess(path, rules, environment) }),
  };
}

function parseJson(path: string, json: string): unknown {
  try {
    return JSON.parse(json);
  } catch (error) {
    throw new RangeError(`${path} is not JSON: ${(error as Error).message}.`, {
      cause: error,
    });
  }
}

function locate(
  served: v.InferOutput<typeof model>,
  at: (file: string) => string,
): string | ServedModel {
  if (typeof served === 'string') return at(served);
  const { runtime: own, limits: bounds } = served;
  const more = {
    ...(own !== undefined && { runtime: own as LoadOptions }),
    ...(bounds !== undefined && { limits: bounds }),
  };
  return 'bundle' in served
    ? { bundle: at(served.bundle), ...more }
    : {
        versions: Object.fromEntries(
          Object.entries(served.versions).map(([version, folder]) => [version, at(folder)]),
        ),
        ...more,
      };
}

/** TLS keys and certificates from PEM files. */
async function readTls(
  files: { readonly key: string; readonly cert: string; readonly clientCa?: string },
  at: (file: string) => string,
): Promise<NonNullable<ServeOptions['tls']>> {
  const key = await readFile(at(files.key));
  const cert = await readFile(at(files.cert));
  if (files.clientCa === undefined) return { key, cert };
  return { key, cert, clientCa: await readFile(at(files.clientCa)) };
}

function readAccess(
  path: string,
  rules: Readonly<Record<string, v.InferOutput<typeof access> | undefined>>,
  environment: Readonly<Record<string, string | undefined>>,
): Partial<AccessRules> {
  return Object.fromEntries(
    Object.entries(rules).flatMap(([group, rule]): [string, Access][] => {
      if (rule === undefined) return [];
      if (typeof rule === 'string') return [[group, rule]];
      const keys = environment[rule.keysFrom]?.split(',').filter((key) => key !== '') ?? [];
      if (keys.length === 0)
        throw new RangeError(
          `${path}: access.${group} takes its keys from the environment variable ${rule.keysFrom}, which is empty. Set it.`,
        );
      const { header } = rule;
      return [[group, header === undefined ? { keys } : { keys, header }]];
    }),
  );
}
