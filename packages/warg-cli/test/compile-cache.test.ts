// The program itself, with what Node keeps of its code: the same without it, and where it was damaged.

import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';

const program = fileURLToPath(new URL('../bin/warg.js', import.meta.url));

it.skipIf(process.platform === 'win32')(
  'compiled code that was kept changes nothing [not kept on Windows]',
  () => {
    const home = mkdtempSync(join(tmpdir(), 'warg-compiled-'));
    try {
      const cache = join(home, 'cache');
      const compiled = join(cache, 'warg', 'compiled');
      mkdirSync(join(cache, 'warg'), { recursive: true, mode: 0o700 });
      const run = (more: NodeJS.ProcessEnv = {}) => {
        const env: NodeJS.ProcessEnv = { ...process.env, HOME: home, XDG_CACHE_HOME: cache, ...more };
        delete env['NODE_COMPILE_CACHE'];
        const { status, stdout, stderr } = spawnSync(process.execPath, [program, 'download', '--help'], {
          env,
        });
        return { status, stdout: String(stdout), stderr: String(stderr) };
      };
      const plain = run({ NODE_DISABLE_COMPILE_CACHE: '1' });
      expect(plain).toMatchObject({ status: 0, stderr: '' });
      expect(run()).toEqual(plain);
      if (process.platform !== 'linux') return;
      const [version] = readdirSync(compiled);
      const files = () => readdirSync(join(compiled, version!)).map((name) => join(compiled, version!, name));
      expect(files().length).toBeGreaterThan(0);
      expect(run()).toEqual(plain);
      for (const file of files()) truncateSync(file, 50);
      expect(run()).toEqual(plain);
      for (const file of files()) writeFileSync(file, 'something else '.repeat(100));
      expect(run()).toEqual(plain);
    } finally {
      rmSync(home, { recursive: true, force: true });
    }
  },
);
