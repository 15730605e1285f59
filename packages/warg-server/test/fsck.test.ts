import { randomBytes } from 'node:crypto';
import { copyFileSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync, type SQLInputValue } from 'node:sqlite';
import { digestOf, encodeUtf8, generatePrivateKey, publicKeyOf } from '@warg/crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ContentStore } from '../src/content/content-store.ts';
import { memoryContentStore } from '../src/content/memory-content.ts';
import { createRegistry, memoryStore, postgresStore, sqliteStore } from '../src/create-registry.ts';
import { checkRegistry } from '../src/fsck/check-registry.ts';
import { checkStore } from '../src/fsck/check-store.ts';
import type { Finding } from '../src/fsck/findings.ts';
import { generateLogKey } from '../src/log-note/log-key.ts';
import { parseLogVerifierKey } from '../src/log-note/verify-note.ts';
import { openPostgresStore } from '../src/store/postgres/postgres-store.ts';
import type { RegistryStore } from '../src/store/registry-store.ts';
import { openSqliteReader } from '../src/store/sqlite/sqlite-store.ts';
import { describeWithPostgres, type PostgresServer, startPostgres } from './postgres-server.ts';
import { releaseEntry, testPackage, yankEntry } from './publisher.ts';
import { type Body, callerOf } from './registry-caller.ts';

const operatorKey = generatePrivateKey();
const logKey = generateLogKey('registry.test/log');
const texts = ['first', 'second', 'third'];
const digests = texts.map((text) => digestOf(encodeUtf8(text)));

/** Packages with releases, a yank and a grant, and so many more that there are tiles and pages of several levels. */
async function fill(store: ReturnType<typeof sqliteStore>, content: ContentStore): Promise<void> {
  const open = { ...content, close: async () => {} } as ContentStore;
  for (const name of ['size', 'read', 'write', 'list', 'remove'] as const)
    open[name] = content[name].bind(content) as never;
  const registry = await createRegistry({
    operatorKey,
    logKey,
    namespaces: ['test', { namespace: 'far', state: 'imported', registry: 'far.example' }],
    store,
    content: open,
  });
  const call = callerOf(registry.fetch);
  const pkg = testPackage('test:main');
  expect(await call.settle(pkg.init())).toMatchObject({ state: 'published' });
  for (const [i, digest] of digests.entries()) {
    const record = pkg.record([releaseEntry(`1.${i}.0`, digest)]);
    expect(await call.settle(record)).toMatchObject({ state: 'sourcing' });
    expect((await call.upload(record, digest, encodeUtf8(texts[i]!) as Body)).status).toBe(201);
    expect(await call.settle(record)).toMatchObject({ state: 'published' });
  }
  await call.settle(pkg.record([yankEntry('1.0.0')]));
  const grant = {
    type: 'grantFlat',
    key: publicKeyOf(generatePrivateKey()),
    permissions: ['release'],
  } as const;
  expect(await call.settle(pkg.record([grant]))).toMatchObject({ state: 'published' });
  await Promise.all(Array.from({ length: 300 }, (_, i) => call.settle(testPackage(`test:p${i}`).init())));
  expect(await call.settle(pkg.record([yankEntry('9.9.9')]))).toMatchObject({ state: 'rejected' });
  await registry.close();
}

async function check(store: RegistryStore, content?: ContentStore) {
  const findings: Finding[] = [];
  const summary = await checkStore({
    store,
    content,
    logKey: parseLogVerifierKey(logKey.verifierKey),
    report: (finding) => findings.push(finding),
  });
  await store.close();
  return { summary, findings, codes: [...new Set(findings.map(({ code }) => code))].sort() };
}

/** What is damaged, the SQL that does it, the codes of the findings, and what one of them says. */
const DAMAGES: readonly (readonly [what: string, sql: string, codes: readonly string[], text: RegExp])[] = [
  [
    'the bytes of a record',
    `UPDATE record SET content = $zeros WHERE registry_index = 5`,
    ['RECORD_ID_MISMATCH', 'RECORD_INVALID'],
    /record 5 /,
  ],
  [
    'a signature',
    `UPDATE record SET signature = (SELECT signature FROM record WHERE registry_index = 3) WHERE registry_index = 4`,
    ['RECORD_INVALID'],
    /record 4 /,
  ],
  [
    'the id of a record',
    `UPDATE record SET record_id = $hash WHERE registry_index = 7`,
    ['LOG_ROOT_MISMATCH', 'LOG_TILE_MISMATCH', 'MAP_ROOT_MISMATCH', 'RECORD_ID_MISMATCH'],
    /record 7 /,
  ],
  [
    'a record that is gone',
    `DELETE FROM record WHERE registry_index = 100`,
    ['MAP_ROOT_MISMATCH', 'RECORD_MISSING', 'STATE_MISMATCH'],
    /record 100:/,
  ],
  [
    'a record that is gone with what was released behind it',
    `DELETE FROM record WHERE registry_index IN (6, 100); UPDATE record SET content = $zeros WHERE registry_index = 200; UPDATE checkpoint SET log_root = $hash WHERE log_length = (SELECT max(log_length) FROM checkpoint)`,
    [
      'CHECKPOINT_SIGNATURE',
      'LOG_ROOT_MISMATCH',
      'MAP_ROOT_MISMATCH',
      'NOTE_MISMATCH',
      'RECORD_ID_MISMATCH',
      'RECORD_INVALID',
      'RECORD_MISSING',
      'STATE_MISMATCH',
    ],
    /record 6: .*record 100: .*record 200 /s,
  ],
  [
    'a record that is gone, with its tile, and a signature behind it',
    `DELETE FROM record WHERE registry_index = 100; DELETE FROM merkle_log_tiles WHERE id = 0; UPDATE checkpoint SET signature = (SELECT signature FROM checkpoint WHERE sequence = 1) WHERE log_length = (SELECT max(log_length) FROM checkpoint)`,
    ['CHECKPOINT_SIGNATURE', 'MAP_ROOT_MISMATCH', 'RECORD_MISSING', 'STATE_MISMATCH'],
    /record 100: .*its hash is gone, too/,
  ],
  [
    'a record that is not published any more',
    `UPDATE record SET state = 2 WHERE registry_index = 9`,
    ['RECORD_MISSING'],
    /record 9 .*rejected at 9/,
  ],
  [
    'the order of two records',
    `UPDATE record SET registry_index = CASE registry_index WHEN 11 THEN 1000012 ELSE 1000011 END WHERE registry_index IN (11, 12); UPDATE record SET registry_index = registry_index - 1000000 WHERE registry_index > 1000000`,
    ['LOG_ROOT_MISMATCH', 'LOG_TILE_MISMATCH'],
    /checkpoint /,
  ],
  [
    'the root of an old checkpoint',
    `UPDATE checkpoint SET log_root = $hash WHERE sequence = 1`,
    ['CHECKPOINT_SIGNATURE', 'LOG_ROOT_MISMATCH'],
    /checkpoint 1 /,
  ],
  [
    'the map root of an old checkpoint',
    `UPDATE checkpoint SET map_root = $hash WHERE sequence = 2`,
    ['CHECKPOINT_SIGNATURE'],
    /checkpoint 2 /,
  ],
  [
    'the time of a checkpoint',
    `UPDATE checkpoint SET timestamp = 5 WHERE sequence = 3`,
    ['CHECKPOINT_ORDER', 'CHECKPOINT_SIGNATURE'],
    /checkpoint 3 .*found 5/,
  ],
  [
    'the key of a checkpoint',
    `UPDATE checkpoint SET key_id = 'sha256:00' WHERE sequence = 4`,
    ['CHECKPOINT_SIGNATURE'],
    /does not let the key sha256:00 sign/,
  ],
  [
    'a checkpoint that is gone',
    `DELETE FROM checkpoint WHERE sequence = 2`,
    ['CHECKPOINT_ORDER'],
    /checkpoint 3 .*expected number 2/,
  ],
  [
    'a hash of the log',
    `UPDATE merkle_log_tiles SET hashes = $damaged WHERE id = 0`,
    ['LOG_TILE_MISMATCH'],
    /tile 0 of level 0 .*others/,
  ],
  [
    'a tile that is gone',
    `DELETE FROM merkle_log_tiles WHERE id = 1099511627776`,
    ['LOG_TILE_MISMATCH'],
    /tile 0 of level 1 .*none/,
  ],
  [
    'a page of the map',
    `UPDATE merkle_map_pages SET bytes = $damaged WHERE id = (SELECT map_page FROM checkpoint ORDER BY sequence DESC LIMIT 1)`,
    ['MAP_PAGE_DAMAGED'],
    /page \d+ of the map/,
  ],
  [
    'a page that is gone',
    `DELETE FROM merkle_map_pages WHERE id = (SELECT map_page - 1 FROM checkpoint ORDER BY sequence DESC LIMIT 1)`,
    ['MAP_PAGE_DAMAGED'],
    /is not stored/,
  ],
  [
    'the head of a log',
    `UPDATE log_head SET record_id = $hash WHERE package_name = 'test:p7'`,
    ['STATE_MISMATCH'],
    /other head than/,
  ],
  [
    'the name of a log',
    `UPDATE log_head SET package_name = 'test:other' WHERE package_name = 'test:p8'`,
    ['NAME_MISMATCH'],
    /test:other/,
  ],
  [
    'the rights of a key',
    `UPDATE log_key SET permissions = 'release' WHERE log_id = (SELECT log_id FROM log_head WHERE package_name = 'test:p9')`,
    ['STATE_MISMATCH'],
    /other keys than/,
  ],
  [
    'a release too many',
    `INSERT INTO log_release (log_id, version, record_id, released_by, seconds, nanos) SELECT log_id, '5.0.0', record_id, 'sha256:00', 0, 0 FROM log_head WHERE package_name = 'test:p10'`,
    ['STATE_MISMATCH'],
    /other releases than/,
  ],
  [
    'what a release names',
    `UPDATE log_release SET content = 'sha256:00' WHERE version = '1.1.0'`,
    ['STATE_MISMATCH'],
    /other releases than/,
  ],
  [
    'a namespace',
    `UPDATE log_namespace SET registry = 'evil.example' WHERE namespace = 'far'`,
    ['STATE_MISMATCH'],
    /other namespaces than/,
  ],
  [
    'a log that is gone',
    `DELETE FROM log_head WHERE package_name = 'test:p11'`,
    ['MAP_ROOT_MISMATCH'],
    /lead to/,
  ],
  [
    'the note',
    `UPDATE log_note SET text = replace(text, 'registry.test', 'registry.text') || 'x', log_length = 3`,
    ['NOTE_MISMATCH'],
    /note of 3 records/,
  ],
  [
    'the signature of the note',
    `UPDATE log_note SET text = replace(text, 'registry.test', 'registry.text')`,
    ['NOTE_SIGNATURE'],
    /by the key registry.test\/log/,
  ],
];

describe('fsck on SQLite', () => {
  let dir: string;
  let original: string;
  const content = memoryContentStore();
  beforeAll(async () => {
    dir = mkdtempSync(join(tmpdir(), 'warg-fsck-'));
    original = join(dir, 'original.db');
    await fill(sqliteStore(original), content);
  });
  afterAll(() => rmSync(dir, { recursive: true, force: true }));

  const copy = (name: string): string => {
    const folder = join(dir, name.replaceAll(' ', '-'));
    mkdirSync(folder, { recursive: true });
    const file = join(folder, 'registry.db');
    copyFileSync(original, file);
    return file;
  };

  it('finds nothing wrong with what nobody damaged', async () => {
    const { findings, summary } = await check(openSqliteReader(copy('good')), content);
    expect(findings).toEqual([]);
    expect(summary).toMatchObject({ records: 307, logs: 302, contents: 2 });
  });

  it.each(DAMAGES)('finds %s', async (what, sql, codes, text) => {
    const file = copy(what);
    const database = new DatabaseSync(file);
    for (const statement of sql.split('; ')) {
      const bound = statement.replace('$damaged', damagedIn(statement)).replace(/\$(zeros|hash)/, '?');
      database.prepare(bound).run(...valuesOf(statement));
    }
    database.close();
    const { codes: found, findings } = await check(openSqliteReader(file));
    expect(found).toEqual(codes);
    expect(findings.map(({ where, message }) => `${where}: ${message}`).join('\n')).toMatch(text);
  });

  it.each([
    ['a leaf hash', 32],
    ['a hash that is kept with a leaf', 64],
  ])('finds %s in a page of the map, for which the hash of the page does not vouch', async (what, at) => {
    const file = copy(what);
    const database = new DatabaseSync(file);
    const pages = database.prepare('SELECT id, bytes FROM merkle_map_pages').all() as unknown as {
      readonly id: number;
      readonly bytes: Uint8Array;
    }[];
    for (const { id, bytes } of pages) {
      // Two bits a place say what is in it; 3 is a leaf with a hash that is kept.
      const kinds = new DataView(bytes.buffer, bytes.byteOffset).getUint32(2).toString(4).padStart(16, '0');
      if (!/^0*3/.test(kinds)) continue;
      bytes[6 + at]! ^= 1;
      database.prepare('UPDATE merkle_map_pages SET bytes = ? WHERE id = ?').run(bytes, id);
    }
    database.close();
    const { findings } = await check(openSqliteReader(file));
    expect(new Set(findings.map(({ code }) => code))).toEqual(new Set(['MAP_PAGE_DAMAGED']));
    expect(findings[0]!.message).toMatch(/page \d+ of the map .*leaf in place \d+/);
  });

  it('finds contents that are gone or damaged, but not those that were withdrawn', async () => {
    const store = { ...memoryContentStore() } as ContentStore;
    const inner = memoryContentStore();
    store.size = async (digest) => (digest === digests[1] ? undefined : 5);
    store.read = inner.read.bind(inner);
    store.read = async () => new Response('thirD').body as never;
    const { findings } = await check(openSqliteReader(copy('contents')), store);
    expect(findings.map(({ code }) => code).sort()).toEqual(['CONTENT_DAMAGED', 'CONTENT_MISSING']);
    expect(findings.find(({ code }) => code === 'CONTENT_MISSING')!.where).toContain('test:main 1.1.0');
  });

  it('is there for other programs', async () => {
    const file = copy('program');
    const findings: Finding[] = [];
    const progress: number[] = [];
    const options = {
      content,
      report: (finding: Finding) => findings.push(finding),
      onProgress: ({ records }: { readonly records: number }) => progress.push(records),
    };
    const summary = await checkRegistry({
      ...options,
      store: sqliteStore(file),
      logVerifierKey: logKey.verifierKey,
    });
    expect(summary).toMatchObject({ records: 307, contents: 2, note: 'verified' });
    expect([findings, progress.at(-1)]).toEqual([[], 307]);
    expect(await checkRegistry({ ...options, store: sqliteStore(file) })).toMatchObject({ note: 'read' });
    const { verifierKey: logVerifierKey } = generateLogKey('registry.test/log');
    await checkRegistry({ ...options, store: sqliteStore(file), logVerifierKey });
    expect(findings.map(({ code }) => code)).toEqual(['NOTE_SIGNATURE']);
    const none = checkRegistry({ ...options, store: sqliteStore(join(dir, 'none.db')) });
    await expect(none).rejects.toMatchObject({ code: 'STORE_MISSING' });
    const memory = checkRegistry({ ...options, store: memoryStore() });
    await expect(memory).rejects.toMatchObject({ code: 'STORE_MISSING' });
    const wrong = checkRegistry({ ...options, store: sqliteStore(file), logVerifierKey: 'x' });
    await expect(wrong).rejects.toMatchObject({ code: 'INVALID_LOG_KEY' });
  });

  it('finds a byte that changed anywhere in records, tiles and heads', async () => {
    for (let i = 0; i < 12; i++) {
      const file = copy(`random ${i}`);
      const database = new DatabaseSync(file);
      const [table, key, column] = [
        ['record', 'arrival', 'content'],
        ['merkle_log_tiles', 'id', 'hashes'],
        ['log_head', 'log_id', 'record_id'],
      ][i % 3]!;
      const published = table === 'record' ? 'WHERE registry_index IS NOT NULL' : '';
      const row = database
        .prepare(
          `SELECT ${key} AS key, ${column} AS bytes FROM ${table} ${published} ORDER BY random() LIMIT 1`,
        )
        .get() as { key: SQLInputValue; bytes: Uint8Array };
      const at = Math.floor(Math.random() * row.bytes.length);
      const bytes = row.bytes.with(at, row.bytes[at]! ^ (1 + (randomBytes(1)[0]! % 255)));
      database.prepare(`UPDATE ${table} SET ${column} = ? WHERE ${key} = ?`).run(bytes, row.key);
      database.close();
      const { findings } = await check(openSqliteReader(file));
      expect([table, at, findings.length > 0]).toEqual([table, at, true]);
    }
  });

  function valuesOf(sql: string): Uint8Array[] {
    if (sql.includes('$zeros')) return [new Uint8Array(40)];
    return sql.includes('$hash') ? [new Uint8Array(32).fill(7)] : [];
  }

  /** The same bytes, but for those in the middle. */
  function damagedIn(sql: string): string {
    const column = sql.includes('hashes') ? 'hashes' : 'bytes';
    return `CAST(substr(${column}, 1, 39) || X'ffffffff' || substr(${column}, 44) AS BLOB)`;
  }
});

describeWithPostgres('fsck on PostgreSQL', () => {
  let server: PostgresServer;
  beforeAll(async () => {
    server = await startPostgres();
  });
  afterAll(() => server.remove());

  it('finds nothing wrong, and then what is damaged', async () => {
    const url = await server.createDatabase();
    const content = memoryContentStore();
    await fill(postgresStore(url, { runMigrations: true }), content);
    expect((await check(await openPostgresStore(url), content)).findings).toEqual([]);
    await server.query(url, `UPDATE record SET signature = 'ecdsa-p256:AAAA' WHERE registry_index = 4`);
    await server.query(
      url,
      `UPDATE merkle_log_tile SET hashes = overlay(hashes placing '\\xffff' from 40) WHERE level = 0 AND index = 0`,
    );
    await server.query(url, `UPDATE log_namespace SET registry = 'evil.example' WHERE namespace = 'far'`);
    const { codes } = await check(await openPostgresStore(url));
    expect(codes).toEqual(['LOG_TILE_MISMATCH', 'RECORD_INVALID', 'STATE_MISMATCH']);
  });
});
