/** Longest path: with the folders around it, and what is put beside it while it is written, below every file system's 255. */
export const MAX_PATH_LENGTH = 200;

const SEGMENT = /^[A-Za-z0-9._-]+$/;
// Names of devices in every folder, with or without an extension.
// https://learn.microsoft.com/windows/win32/fileio/naming-a-file
const WINDOWS_DEVICE = /^(?:con|prn|aux|nul|com\d|lpt\d)(?:\.|$)/i;

/**
 * Why a path may not be used, or undefined if it may. A safe path has `/`-separated segments of `[A-Za-z0-9._-]`, cannot leave
 * its folder, and means the same on Linux, macOS, Windows and in a URL.
 */
export function pathProblem(path: string): string | undefined {
  if (path.length === 0) return 'it is empty';
  if (path.length > MAX_PATH_LENGTH)
    return `it has ${path.length} characters; at most ${MAX_PATH_LENGTH} are allowed`;
  for (const segment of path.split('/')) {
    if (segment === '') return 'it has an empty segment: remove the extra "/"';
    if (segment === '.' || segment === '..') return `the segment "${segment}" is not allowed`;
    if (!SEGMENT.test(segment))
      return `the segment ${JSON.stringify(segment)} may hold only letters, digits, ".", "_" and "-"`;
    // Windows drops the dot and opens another file.
    if (segment.endsWith('.'))
      return `the segment "${segment}" ends with a dot, which Windows drops`;
    if (WINDOWS_DEVICE.test(segment)) return `the segment "${segment}" is a device on Windows`;
  }
  return undefined;
}

/** Whether `pathProblem` finds none. */
export function isSafePath(path: string): boolean {
  return pathProblem(path) === undefined;
}

/** Two paths that a case-folding disk (macOS, Windows) takes for one, or undefined where there are none. */
export function pathsThatCollide(
  paths: Iterable<string>,
): readonly [first: string, second: string] | undefined {
  const seen = new Map<string, string>();
  for (const path of paths) {
    const folded = path.toLowerCase();
    const first = seen.get(folded);
    if (first !== undefined && first !== path) return [first, path];
    seen.set(folded, path);
  }
  return undefined;
}
