// What the workspace consists of, read from the folders themselves: a new package needs no entry anywhere.

import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from './processes.mjs';

/**
 * @typedef {object} Member
 * @property {string} dir from the root: `packages/warg-crypto`
 * @property {string} path absolute
 * @property {{ name: string, private?: boolean, dependencies?: Record<string, string>,
 *   devDependencies?: Record<string, string>, peerDependencies?: Record<string, string>,
 *   optionalDependencies?: Record<string, string> }} manifest its package.json
 * @property {readonly string[]} tags its layer, from its turbo.json
 */

/** All packages and apps, packages first. @returns {Member[]} */
export function members() {
  return ['packages', 'apps'].flatMap((parent) =>
    readdirSync(join(root, parent))
      .sort()
      .map((name) => `${parent}/${name}`)
      .filter((dir) => existsSync(join(root, dir, 'package.json')))
      .map((dir) => ({
        dir,
        path: join(root, dir),
        manifest: readJson(join(root, dir, 'package.json')),
        tags: existsSync(join(root, dir, 'turbo.json'))
          ? (readJson(join(root, dir, 'turbo.json')).tags ?? [])
          : [],
      })),
  );
}

/** The packages that are published. @returns {Member[]} */
export function publishedPackages() {
  return members().filter((member) => !member.manifest.private);
}

export function readJson(path) {
  return JSON.parse(readFileSync(path, 'utf8'));
}

/** Every file under `dir` whose name fits, as paths from `dir`; installed and built files are left out. */
export function filesUnder(dir, fits) {
  if (!existsSync(dir)) return [];
  return readdirSync(dir, { withFileTypes: true }).flatMap((entry) => {
    if (entry.name === 'node_modules' || entry.name === 'dist' || entry.name.startsWith('.')) return [];
    if (!entry.isDirectory()) return fits(entry.name) ? [entry.name] : [];
    return filesUnder(join(dir, entry.name), fits).map((name) => `${entry.name}/${name}`);
  });
}
