import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseAccessToken } from '@warg/protocol/api';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { LINK_KEY } from '../../http/access/access.ts';
import { openSqliteStore } from '../../store/sqlite/sqlite-store.ts';
import { run } from '../run.ts';

let dataDir: string;
beforeEach(async () => {
  dataDir = mkdtempSync(join(tmpdir(), 'warg-token-'));
  const store = openSqliteStore(join(dataDir, 'registry.db'));
  await store.transaction((transaction) => transaction.appendAudit({ actor: 'a', action: 'b', details: {} }));
  await store.close();
});
afterEach(() => rmSync(dataDir, { recursive: true }));

/** Runs `warg-server token` in this process. */
async function token(...args: readonly string[]) {
  const text = { out: '', err: '' };
  const code = await run(['token', ...args, '--data-dir', dataDir], {
    env: {},
    version: '0',
    stdout: { write: (part: string) => (text.out += part) },
    stderr: { write: (part: string) => (text.err += part) },
    onSignal: () => {},
    onReload: () => {},
    exit: () => {},
  });
  return { code, ...text };
}

async function list(...args: readonly string[]) {
  return JSON.parse((await token('list', '--json', ...args)).out) as Record<string, unknown>[];
}

describe('warg-server token', () => {
  it('makes a token, shows it once, and keeps its hash alone', async () => {
    const made = await token(
      'add',
      '--publish',
      '--namespace',
      'b,a,b',
      '--expires',
      '90d',
      '--name',
      'CI 🦀',
    );
    expect(made).toMatchObject({
      code: 0,
      err: expect.stringMatching(/shown this once[\s\S]*no namespace `b` yet/),
    });
    const { id, secret } = parseAccessToken(made.out.trim());
    const store = openSqliteStore(join(dataDir, 'registry.db'));
    await store.read(async (reads) => {
      const row = await reads.accessToken(id);
      expect(row).toMatchObject({ scope: 'publish', namespaces: ['b', 'a'], name: 'CI 🦀' });
      expect(row!.expiresAt! - row!.createdAt).toBe(90 * 86_400_000);
      expect(await reads.sharedKey(LINK_KEY)).toHaveLength(32);
      const [entry] = await reads.audit({ since: 0, limit: 1 });
      expect(entry).toMatchObject({
        action: 'token.add',
        details: { id, scope: 'publish', namespaces: ['b', 'a'], name: 'CI 🦀' },
      });
      expect(JSON.stringify([row, entry])).not.toContain(secret);
    });
    await store.close();
    expect(await list()).toEqual([
      expect.objectContaining({
        id,
        scope: 'publish',
        namespaces: ['b', 'a'],
        state: 'good',
        lastUsedAt: null,
      }),
    ]);
  });

  it('prints one document with --json', async () => {
    const { out, err } = await token('add', '--read', '--all-namespaces', '--json');
    const made = JSON.parse(out);
    expect(made).toMatchObject({ scope: 'read', namespaces: ['*'], expiresAt: null, state: 'good' });
    expect(parseAccessToken(made.token).id).toBe(made.id);
    expect(err).toBe('');
  });

  it('keeps the key of the links when a further token is made', async () => {
    const key = async () => {
      const store = openSqliteStore(join(dataDir, 'registry.db'));
      const found = await store.read((reads) => reads.sharedKey(LINK_KEY));
      await store.close();
      return Buffer.from(found ?? []).toString('hex');
    };
    await token('add', '--read', '--all-namespaces');
    const first = await key();
    await token('add', '--read', '--all-namespaces');
    expect(await key()).toBe(first);
  });

  it('revokes a token by its id or by itself, once', async () => {
    const first = (await token('add', '--read', '--all-namespaces')).out.trim();
    const second = (await token('add', '--read', '--namespace', 'a')).out.trim();
    const { id } = parseAccessToken(first);
    expect(await token('revoke', id)).toMatchObject({ code: 0, out: expect.stringContaining(id) });
    expect(await token('revoke', id)).toMatchObject({ code: 1, err: expect.stringContaining('already') });
    const byItself = await token('revoke', second);
    expect(byItself.code).toBe(0);
    expect(byItself.out + byItself.err).not.toContain(second);
    expect(await list()).toEqual([]);
    expect(await list('--all')).toMatchObject([
      { state: 'revoked' },
      { state: 'revoked', namespaces: ['a'] },
    ]);
    expect((await token('list')).out).toBe('there are no tokens\n');
    expect((await token('list', '--all')).out).toMatch(
      /^id +may +namespaces +state[\s\S]*\n[0-9a-f]{16} +read +\* +revoked/,
    );
    expect(await token('revoke', 'f'.repeat(16))).toMatchObject({
      code: 1,
      err: expect.stringMatching(/no token/),
    });
  });

  it.each([
    [['add'], /--read or --publish/],
    [['add', '--read'], /--namespace NAME, or --all-namespaces/],
    [['add', '--read', '--publish', '--namespace', 'a'], /cannot be used/],
    [['add', '--read', '--namespace', 'a', '--all-namespaces'], /cannot be used/],
    [['add', '--read', '--namespace', '*'], /Expected a namespace/],
    [['add', '--read', '--namespace', 'a', '--expires', 'soon'], /90s, 30m, 1h or 7d/],
    [['add', '--read', '--namespace', 'a', '--name', 'a\u001b[31m'], /in one line/],
    [['revoke', `wargt_${'0'.repeat(16)}_${'ab'.repeat(32)}_00000000`], /Expected the id/],
  ])('refuses %j, and repeats no token', async (args, message) => {
    const { code, err, out } = await token(...args);
    expect(code).toBe(2);
    expect(err).toMatch(message);
    expect(err + out).not.toContain('abab');
    expect(await list('--all')).toEqual([]);
  });
});
