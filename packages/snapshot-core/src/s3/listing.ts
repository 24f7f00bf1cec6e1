import type { BlobInfo } from '../blob-store.ts';

export interface Listing {
  readonly blobs: readonly BlobInfo[];
  /** Where the next page begins; undefined on the last. */
  readonly next: string | undefined;
}

/** One page of ListObjectsV2. Keys come without the prefix under which the store lives. */
export function parseListing(xml: string, prefix: string): Listing {
  const blobs: BlobInfo[] = [];
  for (const [, entry = ''] of xml.matchAll(/<Contents>(.*?)<\/Contents>/gs)) {
    const key = textOf(entry, 'Key') ?? '';
    blobs.push({
      key: key.slice(prefix.length),
      bytes: Number(textOf(entry, 'Size')),
      version: textOf(entry, 'ETag') ?? '',
    });
  }
  const isLast = textOf(xml, 'IsTruncated') !== 'true';
  return { blobs, next: isLast ? undefined : textOf(xml, 'NextContinuationToken') };
}

/** Text of the first element of this name, its entities resolved. */
export function textOf(xml: string, element: string): string | undefined {
  const [, text] = new RegExp(`<${element}>(.*?)</${element}>`, 's').exec(xml) ?? [];
  return text?.replaceAll(/&(#x?)?([0-9a-zA-Z]+);/g, (whole, numeric, name: string) => {
    if (numeric === undefined) return named.get(name) ?? whole;
    return String.fromCodePoint(Number.parseInt(name, numeric === '#x' ? 16 : 10));
  });
}

const named: ReadonlyMap<string, string> = new Map([
  ['lt', '<'],
  ['gt', '>'],
  ['amp', '&'],
  ['quot', '"'],
  ['apos', "'"],
]);
