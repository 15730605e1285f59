import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { generatePrivateKey, keyIdOf, type PrivateKey, publicKeyOf } from '@warg/crypto';
import { OPERATOR_PERMISSIONS, type OperatorPermission } from '@warg/protocol';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createRegistry, sqliteStore } from '../src/create-registry.ts';
import { type ImportOptions, importRegistry } from '../src/import/import-registry.ts';
import { openSource } from '../src/import/source.ts';
import { addKey } from '../src/operator/changes.ts';
import { readOperatorLog } from '../src/operator/operator-state.ts';
import { submitOperatorRecord } from '../src/operator/submit-record.ts';
import { openMemoryStore, openSharedSqliteStore } from '../src/store/sqlite/sqlite-store.ts';
import { type Ends, listen } from './import-source.ts';
import { testPackage } from './publisher.ts';
import { callerOf } from './registry-caller.ts';

const log = { debug() {}, info() {}, warn() {}, error() {} };
const unknown = 'IMPORT_OPERATOR_LOG_UNKNOWN';
const idOf = (key: PrivateKey) => keyIdOf(publicKeyOf(key));
const [first, mine] = [generatePrivateKey(), generatePrivateKey()];

let dir: string;
const ends: Ends = [];
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'warg-import-'));
});
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
  await rm(dir, { recursive: true });
});

/** A registry that one key began, and whose operator log lets another one sign, too. */
async function begunBy(
  operatorKey: PrivateKey,
  added: PrivateKey,
  permissions: readonly OperatorPermission[] = OPERATOR_PERMISSIONS,
) {
  const file = join(dir, `${ends.length}.db`);
  const registry = await createRegistry({
    operatorKey,
    store: sqliteStore(file),
    namespaces: ['test'],
    resignInterval: 0,
  });
  ends.push(() => registry.close());
  const beside = openSharedSqliteStore(file);
  const change = addKey(publicKeyOf(added), permissions);
  const submission = { change, key: operatorKey, actor: 'test', now: Date.now() };
  await beside.transaction((transaction) => submitOperatorRecord(transaction, submission));
  let operator = await beside.read((reads) => readOperatorLog(reads));
  while (operator.length < 2) operator = await beside.read((reads) => readOperatorLog(reads));
  await beside.close();
  const call = callerOf(registry.fetch);
  return {
    call,
    fetch: registry.fetch,
    url: await listen((request) => registry.fetch(request), ends),
    firstRecord: operator.first!.recordId,
    head: async () => (await call.get('v1/fetch/checkpoint')).json<{ contents: never }>().contents,
  };
}

function run(url: string, more: Partial<ImportOptions> = {}) {
  const store = openMemoryStore();
  const source = openSource(url, { patience: { tries: 2, idle: 5_000, pause: 1 } });
  return importRegistry({ store, source, operatorKey: publicKeyOf(mine), spoolDir: dir, log, ...more });
}

describe('import of a log that another key began', () => {
  it('asks which one is meant, and shows what was found', async () => {
    const { url, firstRecord } = await begunBy(first, mine, ['commit']);
    const store = openMemoryStore();
    const refused = await run(url, { store }).catch((error) => error);
    expect(refused).toMatchObject({ name: 'ImportError', code: unknown });
    for (const part of [
      `begins with the record ${firstRecord}, signed by the key ${idOf(first)}`,
      `${idOf(first)} (commit, defineNamespace, importNamespace)`,
      `${idOf(mine)} (commit)`,
    ]) {
      expect(refused.message).toContain(part);
    }
    expect(await store.read((reads) => reads.latestCheckpoint())).toBeUndefined();
  });

  it('takes it by its first record or by its first key, and says which keys it has', async () => {
    const { url, firstRecord } = await begunBy(first, mine, ['commit']);
    const operator = {
      firstRecord,
      firstKey: idOf(first),
      keys: [
        { keyId: idOf(first), permissions: [...OPERATOR_PERMISSIONS] },
        { keyId: idOf(mine), permissions: ['commit'] },
      ],
    };
    for (const operatorLog of [firstRecord, idOf(first)]) {
      expect(await run(url, { operatorLog })).toMatchObject({ to: 2, operator });
    }
  });

  it('takes no other one than the one that is named, whoever began it', async () => {
    const stranger = generatePrivateKey();
    const theirs = await begunBy(stranger, mine);
    const ours = await begunBy(first, mine);
    for (const operatorLog of [ours.firstRecord, idOf(first), idOf(mine)]) {
      await expect(run(theirs.url, { operatorLog })).rejects.toMatchObject({ code: unknown });
    }
    const own = await begunBy(mine, first);
    await expect(run(own.url, { operatorLog: ours.firstRecord })).rejects.toMatchObject({ code: unknown });
    expect(await run(own.url)).toMatchObject({ to: 2 });
  });

  it('does not ask where records or marks say which one it is', async () => {
    const source = await begunBy(first, mine);
    const store = openMemoryStore();
    await run(source.url, { store, operatorLog: source.firstRecord });
    const early = await source.head();
    await source.call.settle(testPackage('test:a').init());
    expect(await run(source.url, { store })).toMatchObject({ from: 2, to: 3 });
    const late = await source.head();
    for (const mark of [early, late])
      expect(await run(source.url, { marks: [mark] })).toMatchObject({ to: 3 });
    // What is ahead of all that is here says nothing about it.
    const ahead = { ...(late as object), logLength: 4 } as never;
    await expect(run(source.url, { marks: [ahead] })).rejects.toMatchObject({ code: unknown });
    const other = await begunBy(first, mine);
    await expect(run(other.url, { marks: [early] })).rejects.toMatchObject({ code: 'IMPORT_OTHER_HISTORY' });
  });

  it('refuses another log behind the first record that is named', async () => {
    const honest = await begunBy(first, mine);
    // Whoever has got hold of the first key can begin another log with it.
    const forged = await begunBy(first, mine);
    let asked = 0;
    const url = await listen((request) => {
      const isLogs = new URL(request.url).pathname === '/v1/fetch/logs';
      return (isLogs && asked++ === 0 ? honest : forged).fetch(request);
    }, ends);
    const operatorLog = honest.firstRecord;
    await expect(run(url, { operatorLog })).rejects.toMatchObject({
      code: 'IMPORT_RECORD_MISMATCH',
      message: expect.stringContaining(
        `begin with the record ${honest.firstRecord}, found ${forged.firstRecord}`,
      ),
    });
    expect(asked).toBeGreaterThan(1);
  });
});
