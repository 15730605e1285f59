import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, it, vi } from 'vitest';
import { openPostgresStore } from '../src/store/postgres/postgres-store.ts';
import { describeWithPostgres, type PostgresServer, startPostgres } from './postgres-server.ts';

let folder: string;
let server: PostgresServer;
let url: string;

/** An authority, a certificate of it for 127.0.0.1 and `db.example`, and an authority that knows nothing of it. */
function makeCertificates(): void {
  const run = (...args: string[]) => execFileSync('openssl', args, { cwd: folder, stdio: 'ignore' });
  const newKey = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2'];
  for (const name of ['ca', 'other']) {
    run('req', '-x509', ...newKey, '-subj', `/CN=${name}`, '-keyout', `${name}.key`, '-out', `${name}.pem`);
  }
  run('req', ...newKey, '-subj', '/CN=database', '-keyout', 'server.key', '-out', 'server.csr');
  writeFileSync(join(folder, 'names'), 'subjectAltName=IP:127.0.0.1,DNS:db.example');
  const authority = ['-CA', 'ca.pem', '-CAkey', 'ca.key', '-CAcreateserial'];
  run(
    'x509',
    '-req',
    '-in',
    'server.csr',
    ...authority,
    '-days',
    '2',
    '-extfile',
    'names',
    '-out',
    'server.pem',
  );
}

const opened = async (query: string, host = '127.0.0.1') => {
  const at = url.replace(/\?.*$/, query).replace('@127.0.0.1:', `@${host}:`);
  const store = await openPostgresStore(at, { runMigrations: true });
  await store.close();
  return 'opened';
};
const root = (name: string) => `sslrootcert=${encodeURIComponent(join(folder, name))}`;

describeWithPostgres('PostgreSQL behind TLS', () => {
  afterEach(() => vi.unstubAllEnvs());
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'warg-tls-'));
    makeCertificates();
    server = await startPostgres({
      tls: { certificate: join(folder, 'server.pem'), key: join(folder, 'server.key') },
    });
    url = await server.createDatabase();
  });
  afterAll(async () => {
    await server?.remove();
    rmSync(folder, { recursive: true, force: true });
  });

  it.each([
    ['sslmode=require', undefined],
    ['sslmode=prefer', undefined],
    ['sslmode=allow', undefined],
    ['sslmode=verify-full', 'ca.pem'],
    ['sslmode=verify-ca', 'ca.pem'],
    ['sslmode=require', 'ca.pem'],
    ['statement_timeout=5000&sslmode=verify-full', 'ca.pem'],
  ])('is opened with %s and the authority %s', async (query, authority) => {
    const rest = authority === undefined ? '' : `&${root(authority)}`;
    expect(await opened(`?${query}${rest}`)).toBe('opened');
  });

  it('is checked in full where only the authority is given', async () => {
    expect(await opened(`?${root('ca.pem')}`)).toBe('opened');
    await expect(opened(`?${root('ca.pem')}`, 'localhost')).rejects.toThrow(/altnames|does not match/i);
  });

  it.each([
    ['without TLS', '', undefined],
    ['with a mode that turns it off', '?sslmode=disable', undefined],
    ['with an authority that Node does not know', '?sslmode=verify-full', undefined],
    ['with another authority', '?sslmode=verify-full', 'other.pem'],
    ['with another authority, whatever the name', '?sslmode=verify-ca', 'other.pem'],
    ['with another authority, as in libpq', '?sslmode=require', 'other.pem'],
  ])('is not opened %s', async (_, query, authority) => {
    const rest = authority === undefined ? '' : `&${root(authority)}`;
    await expect(opened(`${query}${rest}`)).rejects.toMatchObject({
      code: expect.stringMatching(/^STORE_UN(READABLE|AVAILABLE)$/),
      message: expect.not.stringContaining('p@ss'),
    });
  });

  it('is not opened by a name that is not in its certificate, unless names do not count', async () => {
    const query = `&${root('ca.pem')}`;
    await expect(opened(`?sslmode=verify-full${query}`, 'localhost')).rejects.toThrow(
      /altnames|does not match/i,
    );
    expect(await opened(`?sslmode=verify-ca${query}`, 'localhost')).toBe('opened');
  });

  it('takes what the URL does not say from the variables of libpq', async () => {
    vi.stubEnv('PGSSLMODE', 'verify-full');
    vi.stubEnv('PGSSLROOTCERT', join(folder, 'ca.pem'));
    expect(await opened('')).toBe('opened');
    await expect(opened('', 'localhost')).rejects.toThrow(/altnames|does not match/i);
    expect(await opened('?sslmode=verify-ca', 'localhost')).toBe('opened');
    vi.stubEnv('PGSSLROOTCERT', join(folder, 'other.pem'));
    await expect(opened('')).rejects.toMatchObject({ code: expect.stringMatching(/^STORE_UN/) });
  });

  it('never goes without TLS because somebody asked for it in other words', async () => {
    const other = /expected sslmode, found/;
    await expect(opened('?ssl=require')).rejects.toThrow(other);
    vi.stubEnv('PGSSL', 'require');
    await expect(opened('')).rejects.toThrow(other);
    expect(await opened('?sslmode=require')).toBe('opened');
  });

  it('stays what it was when it is opened, whatever becomes of the file of authorities', async () => {
    copyFileSync(join(folder, 'ca.pem'), join(folder, 'gone.pem'));
    const store = await openPostgresStore(url.replace(/\?.*$/, `?${root('gone.pem')}`), {
      runMigrations: true,
    });
    try {
      await store.revision();
      rmSync(join(folder, 'gone.pem'));
      await server.restart('crash');
      await vi.waitFor(() => store.revision(), 60_000);
    } finally {
      await store.close();
    }
  });

  it('is refused with an error of ours where its host is written in a way that nobody can read', async () => {
    await expect(opened('?sslmode=verify-full', '%zz')).rejects.toMatchObject({ code: 'STORE_UNREADABLE' });
  });

  it('says which modes there are, and that a file of authorities is missing', async () => {
    await expect(opened('?sslmode=on')).rejects.toMatchObject({
      code: 'STORE_UNREADABLE',
      message: expect.stringContaining('disable, allow, prefer, require, verify-ca, verify-full'),
    });
    await expect(opened(`?sslmode=verify-full&${root('missing.pem')}`)).rejects.toMatchObject({
      code: 'STORE_UNREADABLE',
      message: expect.stringMatching(/sslrootcert cannot be read \(ENOENT\)/),
    });
  });
});
