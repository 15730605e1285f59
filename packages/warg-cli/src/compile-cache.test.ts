import { chmodSync, existsSync, mkdirSync, mkdtempSync, rmSync, statSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { compileCacheFolder, keepCompiledCode } from './compile-cache.ts';

let home: string;
let ours: string;

beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'warg-compiled-'));
  ours = join(home, '.cache', 'warg');
  mkdirSync(ours, { recursive: true, mode: 0o700 });
});
afterEach(() => rmSync(home, { recursive: true, force: true }));

const userId = process.getuid?.() ?? 0;
const environment = (changes = {}) => ({
  variables: {},
  platform: 'linux' as const,
  homeDirectory: home,
  userId,
  ...changes,
});

/** Changes folders, and nothing of the environment. */
function changed(folders: () => void): object {
  folders();
  return {};
}

it.skipIf(process.platform === 'win32')('is a folder for its user alone [links and modes are POSIX]', () => {
  const folder = compileCacheFolder(environment());
  expect(folder).toBe(join(ours, 'compiled'));
  expect(statSync(folder!).mode & 0o777).toBe(0o700);
  expect(compileCacheFolder(environment())).toBe(folder);
});

it.skipIf(process.platform === 'win32').each<[string, () => object]>([
  ['on Windows', () => ({ platform: 'win32' })],
  ['where users have no numbers', () => ({ userId: undefined })],
  ['in the home of somebody else', () => ({ userId: userId + 1 })],
  ['in a home that others may write to', () => changed(() => chmodSync(home, 0o777))],
  ['in a cache that others may write to', () => changed(() => chmodSync(join(home, '.cache'), 0o770))],
  ['in a folder that others may write to', () => changed(() => chmodSync(ours, 0o702))],
  ['that others may read', () => changed(() => mkdirSync(join(ours, 'compiled'), { mode: 0o755 }))],
  [
    'that is a link',
    () =>
      changed(() => {
        const elsewhere = join(home, 'elsewhere');
        mkdirSync(elsewhere, { mode: 0o700 });
        symlinkSync(elsewhere, join(ours, 'compiled'));
      }),
  ],
  [
    'outside of the home, where others may own what is above',
    () => ({ variables: { XDG_CACHE_HOME: join(home, '.cache') }, homeDirectory: ours }),
  ],
  [
    'below a folder that others may write to',
    () => {
      const between = join(home, 'shared');
      mkdirSync(join(between, 'cache', 'warg'), { recursive: true, mode: 0o700 });
      chmodSync(between, 0o777);
      return { variables: { XDG_CACHE_HOME: join(between, 'cache') } };
    },
  ],
  [
    'in a folder for everybody, by a variable',
    () => ({ variables: { XDG_CACHE_HOME: tmpdir() }, homeDirectory: home }),
  ],
])('is none %s [links and modes are POSIX]', (_where, prepare) => {
  const place = environment(prepare());
  let found: string | undefined;
  try {
    found = compileCacheFolder(place);
  } catch {
    found = undefined;
  }
  expect(found).toBeUndefined();
});

it('is not made where nothing of ours is yet, and that is no error', () => {
  rmSync(ours, { recursive: true });
  keepCompiledCode(environment());
  expect(existsSync(ours)).toBe(false);
});
