// A configuration that lies beside one's work and may have come with somebody else's project.

import { chown, mkdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { generatePrivateKey, publicKeyOf } from '@warg/crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { temporaryFolder } from './support/environment.ts';
import { type RunningRegistry, startRegistry } from './support/registry.ts';
import { runHere } from './support/run.ts';

let registry: RunningRegistry;
beforeAll(async () => {
  registry = await startRegistry({ folder: temporaryFolder() });
});
afterAll(() => registry.stop());

async function project(config: object): Promise<string> {
  const folder = temporaryFolder();
  await writeFile(join(folder, 'warg-config.json'), JSON.stringify(config));
  return folder;
}

describe('a configuration that was found beside one’s work', () => {
  it('says what it chooses', async () => {
    const folder = await project({ homeUrl: registry.url, registriesDir: 'state' });
    const { stderr, stdout, code } = await runHere(['update', '--json'], { folder });
    expect(code).toBe(0);
    expect(stderr).toContain(
      `warg-config.json chooses the registry ${registry.url}/, the folder of verified state ${folder}/state\n`,
    );
    JSON.parse(stdout);
    expect((await runHere(['update', '--quiet'], { folder })).stderr).toBe('');
  });

  it('says whom it trusts, so that a pin is not taken for the user’s own', async () => {
    const folder = await project({ operatorKeys: { [registry.url]: registry.operatorKey } });
    const { stderr } = await runHere(['update', '--registry', registry.url], { folder });
    expect(stderr).toContain(`warg-config.json chooses the operator ${registry.operatorKey}\n`);
    const own = await runHere(
      ['update', '--registry', registry.url, '--operator-key', publicKeyOf(generatePrivateKey())],
      { folder },
    );
    expect(own.stderr).toMatch(/^error: expected the operator/);
  });

  it('says nothing where it was named, or chooses nothing of that', async () => {
    const folder = await project({ homeUrl: registry.url });
    expect((await runHere(['update', '--config', 'warg-config.json'], { folder })).stderr).not.toContain(
      'chooses',
    );
    const harmless = await project({ disableInteractive: true });
    const { stderr } = await runHere(['update', '--registry', registry.url], { folder: harmless });
    expect(stderr).not.toContain('chooses');
  });

  it('is refused where it belongs to another user, unless it is named', async () => {
    const folder = await project({ homeUrl: registry.url });
    const file = join(folder, 'warg-config.json');
    // Root's files are everybody's to read; so the test of root has to give the file away.
    if (process.getuid?.() === 0) await chown(file, 4242, 4242);
    const userId = (await stat(file)).uid + 1;
    const below = join(folder, 'a', 'b');
    await mkdir(below, { recursive: true });
    const refused = await runHere(['config', '--json'], { folder: below, userId });
    expect(refused.code).toBe(1);
    expect(refused.json).toMatchObject({
      error: { code: 'FOREIGN_CONFIG', hint: expect.stringContaining(`--config ${file}`) as string },
    });
    const named = await runHere(['config', '--json', '--config', file], { folder: below, userId });
    expect(named.json).toMatchObject({ path: file });
  });

  it('cannot have a file removed that is no map of namespaces', async () => {
    const folder = await project({ homeUrl: registry.url, namespaceMapPath: 'letter.txt' });
    for (const text of ['Dear Ada', '{"scripts":{}}', '[]']) {
      await writeFile(join(folder, 'letter.txt'), text);
      const { code, stderr } = await runHere(['reset', '--all', '--yes'], { folder });
      expect(code).toBe(1);
      expect(stderr).toContain('letter.txt');
      expect(await readFile(join(folder, 'letter.txt'), 'utf8')).toBe(text);
    }
  });

  it('cannot speak to the terminal', async () => {
    const folder = await project({ keys: ['\u001b[2J\nhint: \u009b'], homeUrl: registry.url });
    for (const args of [['key', 'info'], ['config'], ['config', '--json']]) {
      const { stdout, stderr } = await runHere(args, { folder });
      expect(`${stdout}${stderr}`).not.toMatch(/(?!\n)\p{Cc}|^hint: \\u\{9b\}/mu);
    }
  });
});
