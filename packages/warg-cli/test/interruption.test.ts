import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { temporaryFolder } from './support/environment.ts';
import { type RunningRegistry, startRegistry } from './support/registry.ts';
import { newUser } from './support/spawn.ts';
import { type StallingContent, stallingContent } from './support/stalling-content.ts';

let content: StallingContent;
let registry: RunningRegistry;
const folder = temporaryFolder();

beforeAll(async () => {
  content = await stallingContent();
  registry = await startRegistry({ folder, contentBaseUrl: content.url });
  const ada = newUser();
  await ada.json('key', 'new');
  writeFileSync(join(ada.folder, 'tool.wasm'), Buffer.from('0061736d0d000100', 'hex'));
  await ada.json('publish', 'release', 'example:tool@1.0.0', 'tool.wasm', '--registry', registry.url);
});
afterAll(async () => {
  await content.stop();
  await registry.stop();
});

/** All files below a folder. */
function files(root: string): string[] {
  return readdirSync(root, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));
}

describe.skipIf(process.platform === 'win32')('Ctrl-C in the middle of a download', () => {
  it.each([
    ['SIGINT', 130],
    ['SIGTERM', 143],
  ] as const)(
    '%s ends with %d and leaves nothing half-written [no signals on Windows]',
    async (signal, code) => {
      const user = newUser();
      mkdirSync(join(user.folder, 'out'));
      const asked = content.asked();
      const run = user.begin(
        'download',
        'example:tool',
        '--registry',
        registry.url,
        '--output',
        'out',
        '--json',
      );
      await Promise.race([asked, run.ended]);
      run.child.kill(signal);
      const ended = await run.ended;
      expect(ended).toMatchObject({ code, json: { error: { code: 'INTERRUPTED' } } });
      expect(readdirSync(join(user.folder, 'out'))).toEqual([]);
      const left = files(user.folder).map((path) => path.slice(user.folder.length));
      expect(left.filter((path) => !path.startsWith('/cache/warg/registries/'))).toEqual([]);
      // What was verified before stays good.
      expect((await user.json('info', '--offline', '--registry', registry.url)).packages).toMatchObject([
        { name: 'example:tool' },
      ]);
    },
  );

  it('says one line to a person [no signals on Windows]', async () => {
    const user = newUser();
    const asked = content.asked();
    const run = user.begin('download', 'example:tool', '--registry', registry.url);
    await Promise.race([asked, run.ended]);
    run.child.kill('SIGINT');
    const ended = await run.ended;
    expect(ended).toMatchObject({ code: 130, stdout: '' });
    expect(ended.stderr).toMatch(/^error: interrupted$/m);
    expect(ended.stderr).not.toContain('    at ');
  });
});
