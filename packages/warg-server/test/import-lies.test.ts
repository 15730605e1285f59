import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { generatePrivateKey, publicKeyOf } from '@warg/crypto';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { memoryContentStore } from '../src/content/memory-content.ts';
import { importRegistry } from '../src/import/import-registry.ts';
import { openSource } from '../src/import/source.ts';
import { openMemoryStore } from '../src/store/sqlite/sqlite-store.ts';
import { type Ends, fill, listen, type Source, startSource } from './import-source.ts';
import { digestNamed } from './publisher.ts';

const log = { debug() {}, info() {}, warn() {}, error() {} };
const patience = { tries: 2, idle: 5_000, pause: 1 };
const key = generatePrivateKey();

let dir: string;
const ends: Ends = [];
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'warg-import-'));
});
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
  await rm(dir, { recursive: true });
});

// biome-ignore lint/suspicious/noExplicitAny: answers that are changed at will
type Json = any;
/** What is told in the place of an answer. */
type Lie = (path: string, answer: Uint8Array) => Uint8Array | string;

/** Imports from a registry between which and us somebody changes answers. */
async function importFrom(source: Source, lie: Lie): Promise<{ failure: string; untouched: boolean }> {
  const url = await listen(async (request) => {
    const { pathname } = new URL(request.url);
    const response = await source.registry.fetch(request);
    if (!response.ok) return response;
    const told = lie(pathname, new Uint8Array(await response.arrayBuffer()));
    const headers = { 'content-type': response.headers.get('content-type')! };
    return new Response(told as Uint8Array<ArrayBuffer>, { headers });
  }, ends);
  const store = openMemoryStore();
  const failure = await importRegistry({
    store,
    source: openSource(url, { patience }),
    operatorKey: publicKeyOf(key),
    spoolDir: dir,
    contents: { store: memoryContentStore(), maxBytes: 1000 },
    log,
  }).then(
    () => 'imported',
    (error) => error.code ?? String(error),
  );
  const untouched = await store.read(async (reads) => {
    const records = (await reads.ledger(0, 100)).length + (await reads.logStore.length());
    return records === 0 && (await reads.latestCheckpoint()) === undefined;
  });
  await store.close();
  return { failure, untouched };
}

function changed(path: string, change: (json: Json) => void): Lie {
  return (asked, answer) => {
    if (!asked.startsWith(path)) return answer;
    const json = JSON.parse(new TextDecoder().decode(answer));
    change(json);
    return JSON.stringify(json);
  };
}

const checkpoint = (change: (json: Json) => void) => changed('/v1/fetch/checkpoint', change);

/** Changes the records of the first package. */
const records = (change: (records: Json[]) => void) =>
  changed('/v1/fetch/logs', ({ packages = {} }) => {
    const [first] = Object.values<Json[]>(packages);
    if (first !== undefined) change(first);
  });

const name = (to: string | null) =>
  changed('/v1/fetch/names', ({ packages }) => {
    packages[Object.keys(packages)[0]!] = to;
  });

const ledger =
  (change: (bytes: Uint8Array) => Uint8Array): Lie =>
  (path, answer) =>
    path.startsWith('/v1/ledger/records/') ? change(answer) : answer;

const lies: readonly (readonly [what: string, code: string, Lie])[] = [
  ['nothing', 'imported', (_, answer) => answer],
  [
    'another log root',
    'IMPORT_CHECKPOINT_INVALID',
    checkpoint(({ contents }) => {
      contents.logRoot = digestNamed('x');
    }),
  ],
  [
    'another map root',
    'IMPORT_CHECKPOINT_INVALID',
    checkpoint(({ contents }) => {
      contents.mapRoot = digestNamed('x');
    }),
  ],
  [
    'a later time',
    'IMPORT_CHECKPOINT_INVALID',
    checkpoint(({ contents }) => {
      contents.timestamp += 1;
    }),
  ],
  [
    'a shorter log',
    'IMPORT_CHECKPOINT_INVALID',
    checkpoint(({ contents }) => {
      contents.logLength -= 1;
    }),
  ],
  [
    'an empty log',
    'IMPORT_CHECKPOINT_INVALID',
    checkpoint(({ contents }) => {
      contents.logLength = 0;
    }),
  ],
  [
    'an unknown signer',
    'IMPORT_CHECKPOINT_INVALID',
    checkpoint((json) => {
      json.keyId = digestNamed('x');
    }),
  ],
  ['no checkpoint', 'IMPORT_ANSWER_INVALID', (path, answer) => (path.endsWith('checkpoint') ? '{}' : answer)],
  [
    'two records in another order',
    'IMPORT_LEDGER_MISMATCH',
    ledger((bytes) => {
      const swapped = bytes.slice();
      swapped.copyWithin(128, 192, 256);
      swapped.set(bytes.subarray(128, 192), 192);
      return swapped;
    }),
  ],
  ['a ledger without its last record', 'IMPORT_LEDGER_MISMATCH', ledger((bytes) => bytes.subarray(0, -64))],
  ['a ledger with half a record', 'IMPORT_ANSWER_INVALID', ledger((bytes) => bytes.subarray(0, -32))],
  ['a ledger too long', 'IMPORT_ANSWER_INVALID', ledger(() => new Uint8Array(64_064))],
  [
    'no ledger',
    'IMPORT_LEDGER_MISMATCH',
    (path, answer) => (path === '/v1/ledger' ? '{"hashAlgorithm":"sha256","sources":[]}' : answer),
  ],
  [
    'no operator record',
    'IMPORT_RECORD_MISMATCH',
    changed('/v1/fetch/logs', (json) => {
      delete json.operator;
    }),
  ],
  [
    'a record with other bytes',
    'IMPORT_RECORD_MISMATCH',
    records(([first]) => {
      first.contentBytes = 'AAAA';
    }),
  ],
  [
    'a signature of something else',
    'IMPORT_RECORD_MISMATCH',
    records((all) => {
      if (all.length > 1) all[1].signature = all[0].signature;
    }),
  ],
  [
    'a record by another key',
    'IMPORT_RECORD_MISMATCH',
    records(([first]) => {
      first.keyId = digestNamed('x');
    }),
  ],
  [
    'a record with another number',
    'IMPORT_RECORD_MISMATCH',
    records(([first]) => {
      first.registryIndex += 1;
    }),
  ],
  [
    'a record twice',
    'IMPORT_RECORD_MISMATCH',
    records((all) => {
      all.splice(1, 0, all[0]);
    }),
  ],
  [
    'a record too few',
    'IMPORT_RECORD_MISMATCH',
    records((all) => {
      all.shift();
    }),
  ],
  [
    'no records',
    'IMPORT_RECORD_MISMATCH',
    records((all) => {
      all.length = 0;
    }),
  ],
  ['another name', 'IMPORT_RECORD_MISMATCH', name('test:other')],
  ['no name', 'IMPORT_RECORD_MISMATCH', name(null)],
  [
    'another content',
    'IMPORT_CONTENT_UNAVAILABLE',
    (path, answer) => (path.startsWith('/content/') ? 'something else' : answer),
  ],
  [
    'a content on this machine',
    'IMPORT_CONTENT_UNAVAILABLE',
    changed('/v1/content/', ({ contentSources }) => {
      for (const [source] of Object.values<Json>(contentSources)) source.url = 'file:///etc/passwd';
    }),
  ],
];

describe('an import from a registry that says', () => {
  it.each(lies)('%s: %s', async (_, code, lie) => {
    const source = await startSource(key, ends);
    await fill(source);
    const isImported = code === 'imported';
    expect(await importFrom(source, lie)).toEqual({ failure: code, untouched: !isImported });
  });
});
