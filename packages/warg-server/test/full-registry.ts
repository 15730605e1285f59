import { digestOf, encodeUtf8, generatePrivateKey, type PrivateKey, publicKeyOf } from '@warg/crypto';
import type { SignedCheckpoint } from '@warg/protocol';
import { fileContentStore } from '../src/content/file-content.ts';
import { createRegistry, sqliteStore } from '../src/create-registry.ts';
import type { LogKey } from '../src/log-note/log-key.ts';
import type { NewRecord } from '../src/store/rows.ts';
import { openSqliteStore } from '../src/store/sqlite/sqlite-store.ts';
import {
  digestNamed,
  releaseEntry,
  type TestPackage,
  type TestRecord,
  testPackage,
  yankEntry,
} from './publisher.ts';
import { type Body, callerOf } from './registry-caller.ts';

/** What was put into a registry that has something in every table. */
export interface FullRegistry {
  /** With three releases, the first of them yanked, and a key that was granted rights. */
  readonly main: TestPackage;
  /** Waits for {@link waitingText}. */
  readonly waiting: TestRecord;
  /** Was accepted, and will be published by whoever sequences next. */
  readonly processing: TestRecord;
  readonly rejected: TestRecord;
  /** All checkpoints that somebody has seen. */
  readonly seen: readonly SignedCheckpoint[];
}

export const waitingText = 'content that comes later';

/** Makes a registry in a file, with everything in it that there can be. */
export async function fillEverything(
  file: string,
  contentDir: string,
  operatorKey: PrivateKey,
  logKey: LogKey,
): Promise<FullRegistry> {
  const registry = await createRegistry({
    operatorKey,
    logKey,
    namespaces: ['test', { namespace: 'far', state: 'imported', registry: 'far.example' }],
    store: sqliteStore(file),
    content: fileContentStore(contentDir),
  });
  const call = callerOf(registry.fetch);
  const seen: SignedCheckpoint[] = [];
  const see = async () => void seen.push((await call.get('v1/fetch/checkpoint')).json<SignedCheckpoint>());
  const main = testPackage('test:main');
  await call.settle(main.init());
  await see();
  for (const version of ['1.0.0', '1.1.0', '2.0.0-rc.1']) {
    const text = `main ${version}`;
    const digest = digestOf(encodeUtf8(text));
    const record = main.record([releaseEntry(version, digest)]);
    await call.settle(record);
    await call.upload(record, digest, text as Body);
    await call.settle(record);
  }
  await see();
  const grant = {
    type: 'grantFlat',
    key: publicKeyOf(generatePrivateKey()),
    permissions: ['release', 'yank'],
  } as const;
  await call.settle(main.record([yankEntry('1.0.0'), grant]));
  await Promise.all(Array.from({ length: 300 }, (_, i) => call.settle(testPackage(`test:p${i}`).init())));
  const rejected = main.record([yankEntry('9.9.9')], { follow: false });
  await call.settle(rejected);
  const waiting = main.record([releaseEntry('3.0.0', digestOf(encodeUtf8(waitingText)))]);
  await call.settle(waiting);
  await see();
  await registry.close();
  const processing = testPackage('test:late').init();
  await fillTheRest(file, processing);
  return { main, waiting, processing, rejected, seen };
}

/** What comes from elsewhere than from publishers, or is gone too soon when a registry runs. */
async function fillTheRest(file: string, processing: TestRecord): Promise<void> {
  const store = openSqliteStore(file);
  const accepted = (record: TestRecord): NewRecord => ({
    ...record,
    prev: undefined,
    state: 'processing',
    contents: [],
    acceptedAt: Date.now(),
  });
  const source = testPackage('test:fetched').init(releaseEntry('1.0.0', digestNamed('elsewhere')));
  await store.transaction(async (transaction) => {
    await transaction.insertRecords([accepted(processing)]);
    await transaction.insertRecords([
      {
        ...accepted(source),
        state: 'sourcing',
        contents: [{ digest: digestNamed('elsewhere'), missing: true }],
      },
    ]);
    const urls = ['https://releases.example/a "b", {c}\\d'];
    await transaction.insertSources(source, [{ digest: digestNamed('elsewhere'), urls }]);
    await transaction.insertAccessToken({
      id: 'first',
      hash: new Uint8Array(32).fill(7),
      name: 'Büro, "2. Stock" \\ \u{1f980} NULL',
      scope: 'publish',
      namespaces: ['test', 'far'],
      createdAt: 1,
      expiresAt: 2 ** 45,
      revokedAt: undefined,
      lastUsedAt: 3,
    });
    await transaction.insertAccessToken({
      id: 'second',
      hash: new Uint8Array(32),
      name: 'NULL',
      scope: 'read',
      namespaces: undefined,
      createdAt: 2,
      expiresAt: undefined,
      revokedAt: 4,
      lastUsedAt: undefined,
    });
    await transaction.addSharedKey('urls', Uint8Array.of(0, 255, 92, 34));
    await transaction.withdrawContent({ digest: digestNamed('bad'), reason: 'a court, "AZ 1/26"', since: 5 });
    await transaction.noteRemovals([digestNamed('old')], 'removed', 2 ** 44);
    await transaction.appendAudit({ actor: 'root@host', action: 'token.add', details: { name: 'a\\b "c"' } });
    await transaction.appendAudit({ actor: 'root@host', action: 'token.add', details: { name: '{,}' } });
  });
  await store.close();
}
