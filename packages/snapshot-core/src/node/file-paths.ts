import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { BigIntStats } from 'node:fs';
import { ignoring } from '@snapshot-ensemble/bytes/node';

/** Not allowed in keys, so that the files beside a blob can never be taken for one. */
const mark = '~';

export interface BlobPaths {
  readonly folder: string;
  readonly file: string;
  /** New content on its way to the blob. */
  temp(): string;
  /** Taken by the one writer who may replace this version. */
  claim(version: string): string;
}

export function blobPaths(root: string, key: string, writer: string): BlobPaths {
  const file = join(root, ...key.split('/'));
  return {
    folder: join(file, '..'),
    file,
    temp: () => `${file}${mark}new-${writer}-${crypto.randomUUID().slice(0, 8)}`,
    claim: (version) => `${file}${mark}after-${version}`,
  };
}

export function isBlobName(name: string): boolean {
  return !name.includes(mark);
}

export function versionOf(stats: BigIntStats): string {
  return `${stats.ino.toString(36)}-${stats.mtimeNs.toString(36)}-${stats.size.toString(36)}`;
}

/** Version of the file, or undefined where there is none. */
export async function currentVersion(file: string): Promise<string | undefined> {
  const stats = await ignoring(['ENOENT', 'ENOTDIR'], stat(file, { bigint: true }));
  return stats?.isFile() === true ? versionOf(stats) : undefined;
}
