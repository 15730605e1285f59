import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { encodePrivateKey, generatePrivateKey, publicKeyOf } from '@warg/crypto';
import { decodeSignedCheckpoint, type SignedCheckpoint } from '@warg/protocol';
import { encodePublishRecordRequest, paths } from '@warg/protocol/api';
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { createRegistry, postgresStore, type RegistryOptions } from '../src/create-registry.ts';
import { httpReader } from './http-reader.ts';
import { describeWithPostgres, type PostgresServer, startPostgres } from './postgres-server.ts';
import { type TestRecord, testPackage } from './publisher.ts';
import { callerOf } from './registry-caller.ts';
import { freePort, type ServerProcess, startServer } from './server-process.ts';
import { verifyRegistry } from './verify-registry.ts';

const operatorKey = generatePrivateKey();
const expected = { operatorKey: publicKeyOf(operatorKey) };

describeWithPostgres('several processes of one registry', () => {
  let postgres: PostgresServer;
  let url: string;
  let dir: string;
  beforeAll(async () => {
    postgres = await startPostgres();
    dir = mkdtempSync(join(tmpdir(), 'warg-many-'));
    writeFileSync(join(dir, 'operator.key'), encodePrivateKey(operatorKey), { mode: 0o600 });
  });
  afterAll(async () => {
    await postgres.remove();
    rmSync(dir, { recursive: true, force: true });
  });
  beforeEach(async () => {
    url = await postgres.createDatabase();
  });

  const open = (options: Partial<RegistryOptions> = {}) =>
    createRegistry({
      operatorKey,
      namespaces: ['test'],
      store: postgresStore(url, { runMigrations: true }),
      ...options,
    });

  it('leaves sequencing to one, which hands it over when it is closed', async () => {
    const logged: string[] = [];
    const log = (name: string) => {
      const note = (_: unknown, message: string) => {
        if (message === 'this process sequences now') logged.push(name);
      };
      return { debug: () => {}, info: note, warn: note, error: note };
    };
    const a = await open({ log: log('a') });
    const b = await open({ log: log('b') });
    expect(logged).toEqual(['a']);
    for (const [i, registry] of [a, b, a, b].entries()) {
      expect(await callerOf(registry.fetch).settle(testPackage(`test:p${i}`).init())).toMatchObject({
        state: 'published',
      });
    }
    await a.close();
    expect(await callerOf(b.fetch).settle(testPackage('test:last').init())).toMatchObject({
      state: 'published',
    });
    expect(logged).toEqual(['a', 'b']);
    await b.close();
  });

  it('lets a process without a key serve and accept, once another one has begun the registry', async () => {
    const api = {
      role: 'api',
      operatorKey: undefined,
      namespaces: [],
      publicUrl: 'https://registry.test',
    } as never;
    await expect(open(api)).rejects.toMatchObject({ code: 'STORE_EMPTY' });
    await expect(
      createRegistry({ role: 'api', operatorKey, store: postgresStore(url) }),
    ).rejects.toMatchObject({
      code: 'INVALID_OPTION',
    });
    await expect(createRegistry({ role: 'api' })).rejects.toMatchObject({ code: 'INVALID_OPTION' });
    const sequencer = await open({ role: 'sequencer' });
    // One that only sequences says how it is, and nothing else.
    expect((await callerOf(sequencer.fetch).get('readyz')).json()).toMatchObject({ status: 'ready' });
    expect((await callerOf(sequencer.fetch).get(paths.fetchCheckpoint())).status).toBe(404);
    const registry = await open(api);
    const call = callerOf(registry.fetch);
    const pkg = testPackage('test:hello');
    expect(await call.settle(pkg.init())).toMatchObject({ state: 'published' });
    // A further one knows at once what this one says.
    const other = await open(api);
    const answer = await call.get(paths.fetchCheckpoint());
    expect((await callerOf(other.fetch).get(paths.fetchCheckpoint())).text).toBe(answer.text);
    await other.close();
    expect((await call.get(paths.wellKnownWarg())).text).toContain(publicKeyOf(operatorKey));
    expect(registry.operatorKey).toBe(publicKeyOf(operatorKey));
    await registry.close();
    await sequencer.close();
  });

  it.each([
    ['fails: nobody hears of a commit until they look again, some quarter of a second later', ''],
    [
      'is sent, and again, where nothing happened: whoever hears of it finds nothing to do',
      'NOTIFY warg_commit',
    ],
  ])('notification × %s', async (_, sql) => {
    const sequencer = await open();
    const api = await open({ role: 'api', operatorKey: undefined, namespaces: [] } as never);
    const listeners = "FROM pg_stat_activity WHERE datname = current_database() AND query LIKE 'LISTEN%'";
    for (let i = 0; i < 5; i++) {
      const broken = sql === '' ? `SELECT pg_terminate_backend(pid) ${listeners}` : `${sql}; ${sql}`;
      await postgres.query(url, broken);
      const record = testPackage(`test:n${i}`).init();
      expect(await callerOf(api.fetch).settle(record)).toMatchObject({ state: 'published' });
    }
    const answers = [api, sequencer].map(
      async ({ fetch }) => (await callerOf(fetch).get(paths.fetchCheckpoint())).text,
    );
    expect(new Set(await Promise.all(answers)).size).toBe(1);
    await api.close();
    await sequencer.close();
  });

  const processes = async (count: number): Promise<ServerProcess[]> => {
    const started: ServerProcess[] = [];
    for (let i = 0; i < count; i++) {
      started.push(
        await startServer(await freePort(), [
          ...['--data-store', 'postgres', '--database-url', url, '--database-run-migrations'],
          ...['--data-dir', mkdtempSync(join(dir, `process${i}-`)), '--content-dir', join(dir, 'content')],
          ...['--operator-key-file', join(dir, 'operator.key'), '--namespace', 'test'],
        ]),
      );
    }
    return started;
  };
  const publish = async (server: ServerProcess, { logId, packageName, envelope }: TestRecord) => {
    const response = await fetch(`${server.url}/${paths.publishRecord(logId)}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: encodePublishRecordRequest({ packageName, record: envelope, contentSources: new Map() }),
    });
    expect([response.status, await response.text()]).toEqual([202, expect.anything()]);
  };
  const published = async (server: ServerProcess, { logId, recordId }: TestRecord) => {
    for (;;) {
      const response = await fetch(`${server.url}/${paths.record(logId, recordId)}`);
      const { state } = (await response.json()) as { state: string };
      if (state !== 'processing') return state;
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  };
  const checkpointOf = async (server: ServerProcess): Promise<SignedCheckpoint> =>
    decodeSignedCheckpoint(await (await fetch(`${server.url}/${paths.fetchCheckpoint()}`)).text());
  /** The one that has the lease, and the others. */
  const parted = async (servers: readonly ServerProcess[]) => {
    const [row] = await postgres.query(url, 'SELECT holder FROM sequencer_lease');
    const pid = Number((row!['holder'] as string).split(' ')[1]);
    const holder = servers.find((server) => server.pid === pid)!;
    return { holder, others: servers.filter((server) => server !== holder) };
  };

  it.each([
    ['is killed', 'SIGKILL'],
    ['stops for longer than its lease', 'SIGSTOP'],
  ] as const)('goes on with another process when the one that sequences %s', async (_, signal) => {
    const servers = await processes(2);
    try {
      const before = testPackage('test:before').init();
      await publish(servers[0]!, before);
      expect(await published(servers[1]!, before)).toBe('published');
      const { holder, others } = await parted(servers);
      const seen = [await checkpointOf(holder)];

      const since = performance.now();
      holder.signal(signal);
      const record = testPackage('test:orphan').init();
      await publish(others[0]!, record);
      expect(await published(others[0]!, record)).toBe('published');
      console.log(`taken over ${Math.round(performance.now() - since)} ms after ${signal}`);
      seen.push(await checkpointOf(others[0]!));

      if (signal === 'SIGSTOP') {
        // It wakes up behind the others, and serves on.
        holder.signal('SIGCONT');
        const late = testPackage('test:late').init();
        await publish(holder, late);
        expect(await published(holder, late)).toBe('published');
        expect((await parted(servers)).holder).toBe(others[0]);
      }
      const { leaves } = await verifyRegistry(httpReader(others[0]!.url), { ...expected, seen });
      expect(leaves.length).toBe(signal === 'SIGSTOP' ? 4 : 3);
    } finally {
      await Promise.all(servers.map((server) => server.kill()));
    }
  });
});
