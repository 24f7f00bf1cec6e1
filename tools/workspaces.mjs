// @ts-check
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

/**
 * @typedef {{ folder: string, name: string, private: boolean, scripts: Record<string, string>, json: Record<string, any> }} Workspace
 */

/**
 * The workspaces that the root package.json names, by folder relative to `root`.
 *
 * @param {string} root
 * @returns {Workspace[]}
 */
export function workspaces(root) {
  const patterns = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')).workspaces;
  return patterns
    .flatMap((/** @type {string} */ pattern) =>
      pattern.endsWith('/*')
        ? readdirSync(join(root, pattern.slice(0, -2))).map(
            (name) => `${pattern.slice(0, -2)}/${name}`,
          )
        : [pattern],
    )
    .filter((/** @type {string} */ folder) => existsSync(join(root, folder, 'package.json')))
    .map((/** @type {string} */ folder) => {
      const json = JSON.parse(readFileSync(join(root, folder, 'package.json'), 'utf8'));
      return {
        folder,
        name: json.name,
        private: json.private === true,
        scripts: json.scripts ?? {},
        json,
      };
    });
}
