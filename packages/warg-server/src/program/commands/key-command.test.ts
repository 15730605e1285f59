import { readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { keyIdOf, parsePrivateKey, publicKeyOf } from '@warg/crypto';
import { describe, expect, it } from 'vitest';
import { programsInFolder, secret } from '../../../test/started-programs.ts';
import { generateLogKey, parseLogKey } from '../../log-note/log-key.ts';

const programs = programsInFolder();
const { start, serve } = programs;

describe('warg-server key new', () => {
  it('writes a key to a new file for its owner alone, and never over another', async () => {
    const program = start(['key', 'new', '--output', 'operator.key']);
    expect(await program.ended).toBe(0);
    const file = join(programs.dir, 'operator.key');
    expect((await stat(file)).mode & 0o777).toBe(0o600);
    const text = await readFile(file, 'utf8');
    const publicKey = publicKeyOf(parsePrivateKey(text.trim()));
    expect(program.out()).toContain(publicKey);
    expect(program.out()).toContain(keyIdOf(publicKey));
    expect(program.out()).not.toContain(text.trim());
    const again = start(['key', 'new', '--output', 'operator.key']);
    expect(await again.ended).toBe(1);
    expect(again.err()).toContain('never replaced');
    expect(await readFile(file, 'utf8')).toBe(text);
    await serve(['--operator-key-file', 'operator.key'], { WARG_OPERATOR_KEY: '' });
  });

  it('makes a key of the log, under which the registry signs notes', async () => {
    const made = start(['key', 'new', '--log', 'registry.test/log', '--output', 'log.key']);
    expect(await made.ended).toBe(0);
    const secretKey = (await readFile(join(programs.dir, 'log.key'), 'utf8')).trim();
    const { verifierKey } = parseLogKey(secretKey);
    expect(made.out()).toContain(`verifier key: ${verifierKey}\n`);
    expect(made.out()).not.toContain(secretKey);
    const program = await serve(['--log-key-file', 'log.key', '--log-origin', 'registry.test/log']);
    expect(await (await fetch(`${program.url}/checkpoint`)).text()).toMatch(/^registry\.test\/log\n1\n/);
    expect(program.err()).toContain(verifierKey);
    expect(program.err()).not.toContain(secretKey);
  });

  it.each([
    [['--log-origin', 'registry.test/log'], /key new --log registry\.test\/log/],
    [
      ['--log-key-file', 'log.key', '--log-origin', 'other.test/log'],
      /is that of the log `registry\.test\/log`/,
    ],
  ])('and no other: %j', async (args, expected) => {
    await writeFile(join(programs.dir, 'log.key'), generateLogKey('registry.test/log').encode());
    const program = start(args, { WARG_OPERATOR_KEY: secret });
    expect(await program.ended).toBe(2);
    expect(program.err()).toMatch(expected);
  });

  it('prints the key where no file is named', async () => {
    const program = start(['key', 'new']);
    expect(await program.ended).toBe(0);
    const [, key = ''] = /^private key: (\S+)$/m.exec(program.out()) ?? [];
    expect(program.out()).toContain(publicKeyOf(parsePrivateKey(key)));
  });

  it('prints JSON', async () => {
    const shown = start(['key', 'new', '--json']);
    expect(await shown.ended).toBe(0);
    const { privateKey, publicKey, ...more } = JSON.parse(shown.out());
    expect(publicKey).toBe(publicKeyOf(parsePrivateKey(privateKey)));
    expect(more).toEqual({ keyId: keyIdOf(publicKey) });
    const kept = start(['key', 'new', '--log', 'registry.test/log', '--output', 'log.key', '--json']);
    expect(await kept.ended).toBe(0);
    const { verifierKey } = parseLogKey((await readFile(join(programs.dir, 'log.key'), 'utf8')).trim());
    expect(JSON.parse(kept.out())).toEqual({ verifierKey, file: join(programs.dir, 'log.key') });
  });
});
