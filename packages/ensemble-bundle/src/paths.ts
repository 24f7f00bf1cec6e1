import { pathProblem } from '@snapshot-ensemble/bytes';
import { BundleError } from './errors.ts';

/** Path of the table of contents; every other file of a bundle is named in it. */
export const MANIFEST_PATH = 'ensemble.json';

/** Path of the file that names the revision in use, in a bundle that has revisions. */
export const CURRENT_PATH = 'current';

/** Throws `BundleError('unsafe-path')` for a path that `pathProblem` finds fault with. */
export function assertSafePath(path: string): void {
  const problem = pathProblem(path);
  if (problem === undefined) return;
  throw new BundleError(
    'unsafe-path',
    `Bundle path ${JSON.stringify(path)} is not allowed: ${problem}.`,
    { path },
  );
}
