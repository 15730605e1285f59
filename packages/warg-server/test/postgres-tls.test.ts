import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { type AddressInfo, connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, it, vi } from 'vitest';
import { openPostgresStore } from '../src/store/postgres/postgres-store.ts';
import type { RegistryStore } from '../src/store/registry-store.ts';
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

/** What a client says first when it wants TLS: the length of the message, and the code 80877103. */
const sslRequest = '0000000804d2162f';

/** Stands before the server and notes what each connection begins with. */
async function startRecorder() {
  const first: string[] = [];
  let refused = 0;
  let refuses: 'resets' | 'closes' | undefined;
  const recorder = createServer((client) => {
    if (refuses) {
      refused += 1;
      if (refuses === 'resets') client.resetAndDestroy();
      else client.destroy();
      return;
    }
    const target = connect(Number(new URL(url).port), '127.0.0.1');
    for (const socket of [client, target]) {
      socket.on('error', () => {}).on('close', () => [client, target].forEach((each) => void each.destroy()));
    }
    client.once('data', (chunk) => first.push(chunk.subarray(0, 8).toString('hex')));
    client.pipe(target);
    target.pipe(client);
  });
  await new Promise<void>((resolve) => recorder.listen(0, '127.0.0.1', resolve));
  const { port } = recorder.address() as AddressInfo;
  return {
    first,
    /** Such as the rest of `url`, but for its query. */
    url: url.replace(/\?.*$/, '').replace(new URL(url).port, String(port)),
    refused: () => refused,
    refuse: (wanted: 'resets' | 'closes' | undefined) => {
      refuses = wanted;
    },
    close: () => void recorder.close(),
  };
}

/** @returns how often another store was heard to commit */
async function heardOf(listening: RegistryStore, writing: RegistryStore): Promise<number> {
  let heard = 0;
  listening.onCommit?.(() => {
    heard += 1;
  });
  // The first time it says that it listens now.
  await vi.waitFor(() => expect(heard).toBe(1), 30_000);
  await writing.transaction((transaction) =>
    transaction.appendAudit({ actor: 'test', action: 'registry.import', details: {} }),
  );
  await vi.waitFor(() => expect(heard).toBe(2), 30_000);
  return heard - 1;
}

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

  it.each([
    ['by its URL', (): string => `?sslmode=verify-full&${root('ca.pem')}`, {}],
    ['by the variables of libpq', () => '', { PGSSLMODE: 'verify-full' }],
  ])(
    'is spoken to by TLS on every connection, and heard of by it, where that is asked for %s',
    async (_, query, env) => {
      for (const [name, value] of Object.entries(env)) vi.stubEnv(name, value);
      if ('PGSSLMODE' in env) vi.stubEnv('PGSSLROOTCERT', join(folder, 'ca.pem'));
      const recorder = await startRecorder();
      const at = `${recorder.url}${query()}`;
      const listening = await openPostgresStore(at, { runMigrations: true });
      const writing = await openPostgresStore(at);
      try {
        expect(await heardOf(listening, writing)).toBe(1);
        await listening.leases?.take(1000);
        await listening.read((reads) => reads.latestCheckpoint());
        expect(recorder.first.length).toBeGreaterThanOrEqual(6);
        expect(new Set(recorder.first)).toEqual(new Set([sslRequest]));
      } finally {
        await listening.close();
        await writing.close();
        recorder.close();
      }
    },
  );

  it.each(['resets', 'closes'] as const)(
    'says once that it hears of no commits, and once that it does again, where the network %s connections',
    async (how) => {
      const recorder = await startRecorder();
      const said: string[] = [];
      const log = {
        info: (_: unknown, message: string) => said.push(`info: ${message}`),
        warn: (fields: unknown, message: string) => said.push(`warn: ${message} ${JSON.stringify(fields)}`),
      };
      const at = `${recorder.url}?sslmode=require`;
      const listening = await openPostgresStore(at, { runMigrations: true, log });
      const writing = await openPostgresStore(at);
      try {
        await writing.revision();
        recorder.refuse(how);
        listening.onCommit?.(() => {});
        await vi.waitFor(() => expect(said).toHaveLength(1), 30_000);
        const before = recorder.refused();
        await vi.waitFor(() => expect(recorder.refused()).toBeGreaterThan(before + 2), 30_000);
        expect(said).toEqual([
          expect.stringMatching(/^warn: the commits of other processes cannot be heard of/),
        ]);
        expect(said[0]).not.toContain('p@ss');
        recorder.refuse(undefined);
        await vi.waitFor(() => expect(said).toHaveLength(2), 30_000);
        expect(said[1]).toBe('info: the commits of other processes are heard of again');
      } finally {
        await listening.close();
        await writing.close();
        recorder.close();
      }
    },
  );

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
