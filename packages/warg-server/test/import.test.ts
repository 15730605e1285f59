import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { digestOf, encodeUtf8, generatePrivateKey, type PrivateKey, publicKeyOf } from '@warg/crypto';
import { encodeSignedCheckpoint } from '@warg/protocol';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { ContentStore } from '../src/content/content-store.ts';
import { memoryContentStore } from '../src/content/memory-content.ts';
import { createRegistry, sqliteStore } from '../src/create-registry.ts';
import { type ImportOptions, importRegistry } from '../src/import/import-registry.ts';
import { openSource } from '../src/import/source.ts';
import { openPostgresStore } from '../src/store/postgres/postgres-store.ts';
import type { RegistryStore } from '../src/store/registry-store.ts';
import { openMemoryStore, openSqliteStore } from '../src/store/sqlite/sqlite-store.ts';
import { httpReader } from './http-reader.ts';
import { type Ends, fill, listen, release, startSource } from './import-source.ts';
import { describeWithPostgres, startPostgres } from './postgres-server.ts';
import { digestNamed, testPackage, yankEntry } from './publisher.ts';
import { callerOf, type RegistryCaller } from './registry-caller.ts';
import { verifyRegistry } from './verify-registry.ts';

const log = { debug() {}, info() {}, warn() {}, error() {} };
const impatient = { tries: 2, idle: 5_000, pause: 1 };

let dir: string;
let key: PrivateKey;
const ends: Ends = [];
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'warg-import-'));
  key = generatePrivateKey();
});
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
  await rm(dir, { recursive: true });
});

function run(store: RegistryStore, url: string, more: Partial<ImportOptions> = {}) {
  const source = openSource(url, { patience: impatient });
  return importRegistry({ store, source, operatorKey: publicKeyOf(key), spoolDir: dir, log, ...more });
}

/** Starts a registry on what was imported. */
async function takeOver(
  file: string,
  content?: ContentStore,
): Promise<{ url: string; call: RegistryCaller }> {
  const registry = await createRegistry({
    operatorKey: key,
    store: sqliteStore(file),
    resignInterval: 0,
    ...(content && { content }),
  });
  ends.push(() => registry.close());
  return { url: await listen((request) => registry.fetch(request), ends), call: callerOf(registry.fetch) };
}

const isEmpty = (store: RegistryStore) =>
  store.read(
    async (reads) =>
      (await reads.latestCheckpoint()) === undefined &&
      (await reads.logStore.length()) === 0 &&
      (await reads.ledger(0, 100)).length === 0,
  );

describe('import', () => {
  it('makes the same log, which goes on where the other one ended', async () => {
    const source = await startSource(key, ends);
    const packages = await fill(source);
    const file = join(dir, 'registry.db');
    const store = openSqliteStore(file);
    const content = memoryContentStore();
    const result = await run(store, source.url, { contents: { store: content, maxBytes: 1000 } });
    await store.close();
    const last = source.seen.at(-1)!;
    expect(result).toMatchObject({ from: 0, to: 9, contents: { fetched: 4, present: 0, missing: 0 } });

    const taken = await takeOver(file, content);
    expect((await taken.call.get('v1/fetch/checkpoint')).text).toBe(encodeSignedCheckpoint(last));
    await taken.call.settle(packages[1]!.record([yankEntry('1.0.0')]));
    const verified = await verifyRegistry(httpReader(taken.url), {
      operatorKey: publicKeyOf(key),
      seen: source.seen,
    });
    expect(verified.leaves).toHaveLength(10);
    const digest = digestOf(encodeUtf8('test:a@1.1.0'));
    expect((await taken.call.get(`content/${digest.replace(':', '-')}`)).text).toBe('test:a@1.1.0');
  });

  it('fetches only what is new when it is run again', async () => {
    const source = await startSource(key, ends);
    const [first] = await fill(source);
    const store = openMemoryStore();
    const content = memoryContentStore();
    const contents = { store: content, maxBytes: 1000 };
    await run(store, source.url, { contents });
    expect(await run(store, source.url, { contents })).toMatchObject({
      from: 9,
      to: 9,
      contents: { present: 4 },
    });

    await release(source, first!, '2.0.0');
    await source.call.settle(testPackage('test:later').init());
    const again = await run(store, source.url, { contents });
    expect(again).toMatchObject({ from: 9, to: 11, contents: { fetched: 1, present: 4 } });
    expect(again.checkpoint.logRoot).toBe((await source.checkpoint()).contents.logRoot);
    await store.close();
  });

  it('fetches contents that an earlier run left out, and says which are not to be had', async () => {
    const source = await startSource(key, ends);
    await fill(source);
    const store = openMemoryStore();
    expect(await run(store, source.url)).toMatchObject({ to: 9, contents: undefined });
    const gone = digestOf(encodeUtf8('test:b@1.0.0'));
    const url = await listen(async (request) => {
      const isGone = request.url.includes(gone);
      return isGone ? new Response('', { status: 451 }) : source.registry.fetch(request);
    }, ends);
    const contents = { store: memoryContentStore(), maxBytes: 1000 };
    expect(await run(store, url, { contents })).toMatchObject({ contents: { fetched: 3, missing: 1 } });
    await store.close();
  });

  it('takes over a log with many records of one package and many packages', async () => {
    const source = await startSource(key, ends);
    const big = testPackage('test:big');
    await source.call.settle(big.init());
    await Promise.all(
      Array.from({ length: 400 }, (_, i) => source.call.publish(testPackage(`test:n${i}`).init())),
    );
    for (let i = 0; i < 700; i++)
      await source.call.publish(
        big.record([{ type: 'grantFlat', key: publicKeyOf(generatePrivateKey()), permissions: ['yank'] }]),
      );
    await source.call.settle(big.record([yankEntry('9.9.9')], { follow: false }));
    const store = openMemoryStore();
    const result = await run(store, source.url);
    expect(result.to).toBe(1102);
    expect(result.checkpoint.mapRoot).toBe((await source.checkpoint()).contents.mapRoot);
    await store.close();
  });

  it('keeps what a store that was taken back had accepted', async () => {
    const source = await startSource(key, ends);
    const [first] = await fill(source);
    const file = join(dir, 'registry.db');
    let store = openSqliteStore(file);
    await run(store, source.url);
    await store.close();
    // The same record waits here that the other one publishes.
    const taken = await createRegistry({ operatorKey: key, store: sqliteStore(file), resignInterval: 0 });
    const waiting = first!.release('3.0.0', digestNamed('3.0.0'));
    await callerOf(taken.fetch).publish(waiting);
    await taken.close();
    await source.call.publish(waiting);
    await source.call.upload(waiting, digestNamed('3.0.0'), '3.0.0');
    await source.call.settle(waiting);
    await rm(`${file}.head`);

    store = openSqliteStore(file);
    expect(await run(store, source.url)).toMatchObject({ from: 9, to: 10 });
    await store.close();
    const { call } = await takeOver(file);
    const state = await call.get(`v1/package/${waiting.logId}/record/${waiting.recordId}`);
    expect(state.json()).toMatchObject({ state: 'published', registryIndex: 9 });
  });

  it('is refused under another operator key', async () => {
    const source = await startSource(key, ends);
    await fill(source);
    const store = openMemoryStore();
    const refused = run(store, source.url, { operatorKey: publicKeyOf(generatePrivateKey()) });
    await expect(refused).rejects.toMatchObject({
      code: 'IMPORT_OPERATOR_MISMATCH',
      message: expect.stringMatching(/expected .* found sha256:/),
    });
    expect(await isEmpty(store)).toBe(true);
    await store.close();
  });

  it('is refused into a store of another history, and if its mark is of another', async () => {
    const source = await startSource(key, ends);
    await fill(source);
    const other = await startSource(key, ends);
    await source.checkpoint();
    const store = openMemoryStore();
    await run(store, other.url);
    await expect(run(store, source.url)).rejects.toMatchObject({ code: 'IMPORT_OTHER_HISTORY' });
    // And the other way around: from a shorter log.
    const long = openMemoryStore();
    await run(long, source.url);
    await expect(run(long, other.url)).rejects.toMatchObject({ code: 'IMPORT_OTHER_HISTORY' });

    const empty = openMemoryStore();
    const mark = (await other.checkpoint()).contents;
    await expect(run(empty, source.url, { marks: [mark] })).rejects.toMatchObject({
      code: 'IMPORT_OTHER_HISTORY',
    });
    expect(await isEmpty(empty)).toBe(true);
    for (const each of [store, long, empty]) await each.close();
  });

  it('can be broken off', async () => {
    const source = await startSource(key, ends);
    await fill(source);
    for (const phase of ['ledger', 'records', 'contents', 'writing']) {
      const store = openMemoryStore();
      const content = memoryContentStore();
      const broken = run(store, source.url, {
        contents: { store: content, maxBytes: 1000 },
        onProgress: (now) => {
          if (now.phase === phase) throw new Error('broken off');
        },
      });
      await expect(broken).rejects.toThrow('broken off');
      expect(await isEmpty(store)).toBe(true);
      expect(await run(store, source.url, { contents: { store: content, maxBytes: 1000 } })).toMatchObject({
        to: 9,
      });
      await store.close();
    }
  });
});

describeWithPostgres('import into PostgreSQL', () => {
  it('from SQLite: the same checkpoint', async () => {
    const postgres = await startPostgres();
    ends.push(() => postgres.remove());
    const source = await startSource(key, ends);
    const packages = await fill(source);
    const store = await openPostgresStore(await postgres.createDatabase(), { runMigrations: true });
    ends.push(() => store.close());
    const { checkpoint } = await run(store, source.url);
    expect(checkpoint).toMatchObject({ ...source.seen.at(-1)!.contents, sequence: 0 });
    await release(source, packages[2]!, '4.0.0');
    expect(await run(store, source.url)).toMatchObject({ from: 9, to: 10 });
  });
});
