// How many statements a publish and a proof ask of the database, counted: a change that asks more fails here on any
// machine, however busy. A number that falls is written down as the new one; one that rises wants a reason.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync, StatementSync } from 'node:sqlite';
import { generatePrivateKey } from '@warg/crypto';
import { packageLogId, parsePackageName } from '@warg/protocol';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Writer } from '../src/sequencer/writer.ts';
import { Pool } from '../src/store/postgres/pool.ts';
import { openPostgresStore } from '../src/store/postgres/postgres-store.ts';
import type { RegistryStore } from '../src/store/registry-store.ts';
import { openSqliteStore } from '../src/store/sqlite/sqlite-store.ts';
import { filledName, fillStore } from './large-store/fill-store.ts';
import { describeWithPostgres, startPostgres } from './postgres-server.ts';
import { releaseEntry, testPackage } from './publisher.ts';
import { testRegistry } from './test-registry.ts';

/** The texts of the statements that were sent. */
let sent: string[] = [];

/** What takes the notes away again. */
const undo: (() => void)[] = [];

/** Notes calls of a method. */
function note(
  owner: object,
  method: string,
  textOf: (self: unknown, args: readonly unknown[]) => string,
): void {
  const original = Reflect.get(owner, method) as (...args: unknown[]) => unknown;
  const noting = function (this: unknown, ...args: unknown[]) {
    sent.push(textOf(this, args));
    return original.apply(this, args);
  };
  Reflect.set(owner, method, noting);
  undo.push(() => Reflect.set(owner, method, original));
}

async function counted(work: () => Promise<unknown>): Promise<number> {
  sent = [];
  await work();
  return sent.length;
}

/** What is asked of the database for each thing that is done to a registry with some hundred packages. */
async function countAll(store: RegistryStore) {
  const operatorKey = generatePrivateKey();
  const first = await testRegistry({ store, operatorKey });
  // Not counted: statements are prepared and caches filled when they are first needed.
  await first.publish(testPackage('test:zero').init(releaseEntry('1.0.0')));
  const one = testPackage('test:one');
  const init = one.init(releaseEntry('1.0.0'));
  const next = one.release('1.1.0');
  const publish = {
    firstRecord: await counted(() => first.publish(init)),
    nextRecord: await counted(() => first.publish(next)),
    sameAgain: await counted(() => first.publish(next)),
  };
  await first.writer.close();
  const filling = { operatorKey, namespace: 'test', batch: 50 };
  await fillStore(store, { ...filling, packages: 500 });
  const batchOf50 = await counted(() => fillStore(store, { ...filling, packages: 550 }));

  const { core, writer } = await testRegistry({ store, operatorKey });
  await writer.idle();
  const { logLength } = (await core.latestCheckpoint()).checkpoint.contents;
  const heads = Array.from({ length: 50 }, (_, i) => 10 + 10 * i);
  const logIds = heads.map((n) => packageLogId(parsePackageName(filledName('test', n - 1))));
  const absent = packageLogId(parsePackageName('test:absent'));
  const logs = (ids: readonly string[]) => {
    return core.fetchLogs({
      logLength,
      limit: 100,
      packages: ids.map((id) => [id, undefined] as const),
      maxBytes: 2 ** 24,
    });
  };
  const asked = {
    checkpoint: () => core.latestCheckpoint(),
    sixtyFourCheckpoints: () => Promise.all(Array.from({ length: 64 }, () => core.latestCheckpoint())),
    oneLog: () => logs(logIds.slice(0, 1)),
    fiftyLogs: () => logs(logIds),
    inclusionOf1: () => core.proveInclusion(logLength, heads.slice(0, 1)),
    inclusionOf50: () => core.proveInclusion(logLength, heads),
    consistency: () => core.proveConsistency(100, logLength),
    absence: () => core.proveAbsence(logLength, [absent]),
  };
  const cold: Record<string, number> = {};
  const warm: Record<string, number> = {};
  for (const [name, ask] of Object.entries(asked)) cold[name] = await counted(ask);
  for (const [name, ask] of Object.entries(asked)) warm[name] = await counted(ask);
  await core.close();
  return { publish, batchOf50, cold, warm };
}

beforeEach(() => {
  sent = [];
  // A timer looks, and so does who hears of a commit: that may fall into anything that is counted.
  const { look } = Writer.prototype;
  Writer.prototype.look = async () => {};
  undo.push(() => {
    Writer.prototype.look = look;
  });
});
afterEach(() => {
  for (const each of undo.splice(0)) each();
});

describe('SQLite', () => {
  it('is asked as often as is written here', async () => {
    for (const method of ['run', 'get', 'all', 'iterate']) {
      note(StatementSync.prototype, method, (self) => (self as StatementSync).sourceSQL);
    }
    note(DatabaseSync.prototype, 'exec', (_, [sql]) => String(sql));
    const folder = mkdtempSync(join(tmpdir(), 'warg-counted-'));
    try {
      expect(await countAll(openSqliteStore(join(folder, 'registry.db')))).toEqual({
        // Two transactions, one that accepts and one that publishes. Statements cost microseconds here, commits milliseconds.
        publish: { firstRecord: 34, nextRecord: 35, sameAgain: 3 },
        // Nine for each record, and those of one transaction.
        batchOf50: 440,
        // The leaves that are proved, and the tiles and pages that are not in the cache. Many of a kind are asked for in one
        // statement, pages in one for each level of them.
        cold: {
          checkpoint: 1,
          // Those who ask at once are told the same.
          sixtyFourCheckpoints: 1,
          oneLog: 3,
          fiftyLogs: 51,
          inclusionOf1: 10,
          inclusionOf50: 6,
          consistency: 1,
          absence: 2,
        },
        warm: {
          checkpoint: 1,
          sixtyFourCheckpoints: 1,
          oneLog: 1,
          fiftyLogs: 51,
          inclusionOf1: 1,
          inclusionOf50: 1,
          consistency: 1,
          absence: 2,
        },
      });
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});

describeWithPostgres('PostgreSQL', () => {
  it('is asked as often as is written here', async () => {
    for (const method of ['all', 'run', 'exec']) note(Pool.prototype, method, (_, [sql]) => String(sql));
    const server = await startPostgres();
    try {
      const url = await server.createDatabase();
      expect(await countAll(await openPostgresStore(url, { runMigrations: true }))).toEqual({
        // Two transactions, one that accepts and one that publishes. Each statement is a round trip.
        publish: { firstRecord: 34, nextRecord: 33, sameAgain: 3 },
        // Hardly more than one: many rows go in one statement.
        batchOf50: 38,
        // A read for each level of pages that is not in the cache, however many are read.
        cold: {
          checkpoint: 1,
          sixtyFourCheckpoints: 1,
          oneLog: 3,
          fiftyLogs: 2,
          inclusionOf1: 8,
          inclusionOf50: 6,
          consistency: 1,
          absence: 2,
        },
        warm: {
          checkpoint: 1,
          sixtyFourCheckpoints: 1,
          oneLog: 1,
          fiftyLogs: 2,
          inclusionOf1: 1,
          inclusionOf50: 1,
          consistency: 1,
          absence: 2,
        },
      });
    } finally {
      await server.remove();
    }
  });
});
