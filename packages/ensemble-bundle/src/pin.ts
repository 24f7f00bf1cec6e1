import type { BundleSource, ReleaseLease } from './files.ts';
import { isMissing } from './opened.ts';
import { readCurrent } from './revisions.ts';

// Each try needs another export to end in the moment between two reads of one small file.
const MAX_TRIES = 10;

/** What a reader holds on to. */
export interface Pinned<T> {
  /** Undefined where the bundle is flat. */
  readonly revision: string | undefined;
  readonly value: T;
  readonly release: ReleaseLease;
}

/**
 * Reads from the revision in use, leased where the source can. A lease counts only once the revision is seen to be in use after it was
 * taken: before, whoever collects old revisions may have found nobody.
 */
export async function pinned<T>(
  source: BundleSource,
  read: (revision: string | undefined) => Promise<T>,
): Promise<Pinned<T>> {
  for (let tries = 1; ; tries += 1) {
    const revision = await readCurrent(source);
    if (revision === undefined)
      return { revision, value: await read(undefined), release: () => Promise.resolve() };
    const release = (await source.lease?.(revision)) ?? (() => Promise.resolve());
    try {
      const isSame = (await readCurrent(source)) === revision;
      if (isSame) return { revision, value: await read(revision), release };
    } catch (error) {
      const isReplaced = isMissing(error) && (await readCurrent(source)) !== revision;
      if (!isReplaced || tries === MAX_TRIES) {
        await release();
        throw error;
      }
    }
    await release();
  }
}
