import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

/** The commit that the user's folder is at, and whether files differ from it; undefined where there is no repository, or no git. */
export async function commitOf(directory: string): Promise<string | undefined> {
  const git = async (...args: readonly string[]): Promise<string> =>
    (await promisify(execFile)('git', [...args], { cwd: directory })).stdout.trim();
  try {
    const [commit, changes] = [await git('rev-parse', 'HEAD'), await git('status', '--porcelain')];
    return changes === '' ? commit : `${commit}, with changes that are not committed`;
  } catch {
    return undefined;
  }
}
