import { mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import { type HeadMemory, headFile } from '../sequencer/head-file.ts';
import { joinElection } from '../sequencer/leadership.ts';
import { startAcceptor, startWriter } from '../sequencer/start-writer.ts';
import { startThreadWriter } from '../sequencer/thread-writer.ts';
import { StoreError } from '../store/errors.ts';
import { openPostgresStore } from '../store/postgres/postgres-store.ts';
import type { RegistryStore } from '../store/registry-store.ts';
import { openMemoryStore, openSqliteReader, openSqliteStore } from '../store/sqlite/sqlite-store.ts';
import { createCore } from './core.ts';
import type { RegistryCoreOptions, RegistryLimits } from './core-options.ts';
import { silentLog, systemClock } from './defaults.ts';
import { closeBoth, type OpenStore, openWithMarks, type Sides } from './open-with-marks.ts';
import type { RegistryCore } from './registry.ts';
import { requireSigner } from './require-signer.ts';

/** What holds where the options say nothing. */
export const DEFAULT_LIMITS: RegistryLimits = {
  sourcingTime: 24 * 3_600_000,
  proofRetention: 3_600_000,
  sourcingPerLog: 32,
  sourcingPerAddress: 1000,
  clockSkew: 5 * 60_000,
  recordBytes: 1024 * 1024,
  // The state of a record names each with a URL: with more of them the answer outgrows what clients read.
  recordContents: 1000,
  recordEntries: 20_000,
  // To read a key takes as long as half a signature, and whoever sends a record need not have signed it.
  recordKeys: 256,
  nameBytes: 255,
  versionBytes: 255,
};

const DEFAULT_RESIGN_INTERVAL = 60_000;

/**
 * Opens the registry in its store; makes the operator log's first record and the first checkpoint if the store is new.
 *
 * In SQLite records are written by a worker with a connection of its own, except where a test brings its clock: a commit
 * blocks the thread that waits for it. PostgreSQL does not, and is written from this thread.
 *
 * @throws RegistryError `OPERATOR_KEY_MISMATCH` (the store belongs to another operator key) | `NAMESPACE_CONFLICT`
 * @throws StoreError `STORE_LOCKED` (another server has the file open) | `STORE_MOVED` (the registry is in another store) |
 *   `STORE_TOO_NEW` (made by a newer program) | `STORE_OUTDATED` (a database whose schema has to be changed first) |
 *   `STORE_ROLLED_BACK` (it has lost what it signed) | `STORE_UNAVAILABLE` | `STORE_UNREADABLE`
 * @example
 * const core = await openRegistryCore({
 *   store: { type: 'sqlite', file: 'registry.sqlite' },
 *   operatorKey: generatePrivateKey(),
 *   namespaces: [{ namespace: 'example', state: 'defined' }],
 *   hasContent: async (digest) => (await content.size(digest)) !== undefined,
 * });
 */
export async function openRegistryCore(options: RegistryCoreOptions): Promise<RegistryCore> {
  const { recordPolicy, hasContent, checkStored, clock = systemClock } = options;
  const limits = { ...DEFAULT_LIMITS, ...options.limits };
  const { store, writer, close } = await openSides(options, limits);
  return createCore({ store, writer, hasContent, checkStored, recordPolicy, clock, limits }, close);
}

async function openSides(options: RegistryCoreOptions, limits: RegistryLimits): Promise<Sides> {
  const { store: location } = options;
  switch (location.type) {
    case 'memory':
      return openWithMarks(openInThread(openMemoryStore(), undefined, options, limits), options);
    case 'postgres': {
      const store = await openPostgresStore(location.url, { ...location, log: options.log });
      if (options.role === 'api') return openToAccept(store, options, limits);
      const { headFile: file } = options.restore ?? {};
      const memory = file === undefined ? undefined : headFile(file);
      return openWithMarks(openInThread(store, memory, options, limits), options);
    }
    case 'sqlite': {
      const { file } = location;
      mkdirSync(dirname(file), { recursive: true });
      const memory = headFile(`${file}.head`);
      return openWithMarks(
        options.clock === undefined
          ? openInWorker(file, memory, options, limits)
          : openInThread(openSqliteStore(file), memory, options, limits),
        options,
      );
    }
  }
}

/** Writes from this thread. */
function openInThread(
  store: RegistryStore,
  memory: HeadMemory | undefined,
  options: RegistryCoreOptions,
  limits: RegistryLimits,
): OpenStore {
  const { namespaces = [], clock = systemClock, log = silentLog, onFailure } = options;
  const { resignInterval = DEFAULT_RESIGN_INTERVAL } = options;
  return {
    store,
    memory,
    reader: () => store,
    startWriter: async () =>
      startWriter({
        store,
        memory,
        signer: requireSigner(options),
        observer: options.observer,
        leadership: await joinElection(store, log, options.lease),
        logKey: options.logKey,
        namespaces,
        clock,
        limits,
        resignInterval,
        log,
        onFailure,
      }),
  };
}

/** Writes from a worker, which opens the file itself: nobody else may have it open for writing then. */
function openInWorker(
  file: string,
  memory: HeadMemory,
  options: RegistryCoreOptions,
  limits: RegistryLimits,
): OpenStore {
  const { namespaces = [], log = silentLog, onFailure = () => {} } = options;
  const { resignInterval = DEFAULT_RESIGN_INTERVAL } = options;
  const store = openSqliteStore(file);
  return {
    store,
    memory,
    reader: () => openSqliteReader(file),
    startWriter: async () => {
      await store.close();
      const keys = { signer: requireSigner(options), logKey: options.logKey?.encode() };
      const threadOptions = { file, ...keys, namespaces, limits, resignInterval };
      return startThreadWriter(threadOptions, log, onFailure, options.observer);
    },
  };
}

/** Without a sequencer: somebody else's must have begun the registry. */
async function openToAccept(
  store: RegistryStore,
  { clock = systemClock, log = silentLog }: RegistryCoreOptions,
  limits: RegistryLimits,
): Promise<Sides> {
  try {
    if ((await store.read((reads) => reads.latestCheckpoint())) === undefined) {
      throw new StoreError(
        'STORE_EMPTY',
        'nobody has begun this registry yet, and a process of role `api` cannot: start one of role `sequencer` or `all` first',
      );
    }
    const writer = startAcceptor({ store, clock, limits, log });
    return { store, writer, close: () => closeBoth(writer, store) };
  } catch (error) {
    await store.close();
    throw error;
  }
}
