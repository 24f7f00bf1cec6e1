import { createHash, timingSafeEqual } from 'node:crypto';
import { ServerError } from '../errors.ts';

/** What clients may do, in the groups that one key opens together. */
export type ApiGroup = 'health' | 'metadata' | 'inference' | 'metrics' | 'admin';

/** Who may call a group: everybody, nobody, or clients that send one of the keys. */
export type Access =
  | 'open'
  | 'off'
  | {
      readonly keys: readonly string[];
      /** Header that carries a key as it is. Default `authorization`, which carries `Bearer KEY`. */
      readonly header?: string;
    };

export type AccessRules = Readonly<Record<ApiGroup, Access>>;

/** Everything that only reads is open; loading and unloading models is off. */
export const DEFAULT_ACCESS: AccessRules = {
  health: 'open',
  metadata: 'open',
  inference: 'open',
  metrics: 'open',
  admin: 'off',
};

/** Throws `ServerError` (`unauthenticated`, `forbidden`) where a call may not be made. */
export type CheckAccess = (group: ApiGroup, header: (name: string) => string | undefined) => void;

const BEARER = 'authorization';

export function createAccess(rules: AccessRules): CheckAccess {
  const digests = new Map(
    Object.entries(rules).map(([group, access]) => [
      group,
      typeof access === 'string' ? [] : access.keys.map(digest),
    ]),
  );
  return (group, header) => {
    const access = rules[group];
    if (access === 'open') return;
    if (access === 'off')
      throw new ServerError('forbidden', `The ${group} calls of this server are disabled.`);
    const name = access.header?.toLowerCase() ?? BEARER;
    const given = name === BEARER ? bearer(header(name)) : header(name);
    if (given !== undefined && isAmong(given, digests.get(group)!)) return;
    throw new ServerError(
      'unauthenticated',
      name === BEARER
        ? `The ${group} calls of this server need a key. Send the header "Authorization: Bearer KEY".`
        : `The ${group} calls of this server need a key. Send it in the header "${name}".`,
    );
  };
}

function bearer(value: string | undefined): string | undefined {
  return /^bearer +(.+)$/i.exec(value ?? '')?.[1];
}

/** Compared as digests of one length, all of them, so that the time tells nothing. */
function isAmong(given: string, digests: readonly Buffer[]): boolean {
  const own = digest(given);
  let isKnown = false;
  for (const known of digests) if (timingSafeEqual(own, known)) isKnown = true;
  return isKnown;
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
