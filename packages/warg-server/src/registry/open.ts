import { mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import { type HeadMemory, headFile } from '../sequencer/head-file.ts';
import { joinElection } from '../sequencer/leadership.ts';
import { keySigner, type OperatorSigner } from '../sequencer/signer.ts';
import { startAcceptor, startWriter } from '../sequencer/start-writer.ts';
import { startThreadWriter } from '../sequencer/thread-writer.ts';
import type { RegistryWriter } from '../sequencer/writer.ts';
import { StoreError } from '../store/errors.ts';
import { openPostgresStore } from '../store/postgres/postgres-store.ts';
import type { RegistryStore } from '../store/registry-store.ts';
import { openMemoryStore, openSqliteReader, openSqliteStore } from '../store/sqlite/sqlite-store.ts';
import { createCore } from './core.ts';
import type { Clock, RegistryCore, RegistryCoreOptions, RegistryLimits, RegistryLog } from './registry.ts';

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
};

const DEFAULT_RESIGN_INTERVAL = 60_000;

const systemClock: Clock = { now: () => Date.now() };

const silent: RegistryLog = { debug() {}, info() {}, warn() {}, error() {} };

/**
 * Opens the registry in its store; makes the operator log's first record and the first checkpoint if the store is new.
 *
 * In SQLite records are written by a worker with a connection of its own, except where a test brings its clock: a commit
 * blocks the thread that waits for it. PostgreSQL does not, and is written from this thread.
 *
 * @throws RegistryError `OPERATOR_KEY_MISMATCH` (the store belongs to another operator key) | `NAMESPACE_CONFLICT`
 * @throws StoreError `STORE_LOCKED` (another server has the file open) | `STORE_TOO_NEW` (made by a newer program) |
 *   `STORE_OUTDATED` (a database whose schema has to be changed first) | `STORE_ROLLED_BACK` (it has lost what it signed) |
 *   `STORE_UNAVAILABLE` | `STORE_UNREADABLE`
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
  const { store, writer } = await openSides(options, limits);
  return createCore({ store, writer, hasContent, checkStored, recordPolicy, clock, limits }, async () => {
    await writer.close();
    await store.close();
  });
}

interface Sides {
  /** Where questions go. */
  readonly store: RegistryStore;
  readonly writer: RegistryWriter;
}

async function openSides(options: RegistryCoreOptions, limits: RegistryLimits): Promise<Sides> {
  const { store: location, namespaces = [], log = silent, onFailure = () => {} } = options;
  const { resignInterval = DEFAULT_RESIGN_INTERVAL } = options;
  if (location.type === 'memory') return openInThread(openMemoryStore(), undefined, options, limits);
  if (location.type === 'postgres') {
    const store = await openPostgresStore(location.url, location);
    if (options.role === 'api') return openToAccept(store, options, limits);
    return openInThread(store, undefined, options, limits);
  }
  const { file } = location;
  mkdirSync(dirname(file), { recursive: true });
  if (options.clock !== undefined) {
    return openInThread(openSqliteStore(file), headFile(`${file}.head`), options, limits);
  }
  const keys = { signer: requireSigner(options), logKey: options.logKey?.encode() };
  const writer = await startThreadWriter(
    { file, ...keys, namespaces, limits, resignInterval },
    log,
    onFailure,
  );
  try {
    // The writer has made the file and its tables.
    return { store: openSqliteReader(file), writer };
  } catch (error) {
    await writer.close();
    throw error;
  }
}

async function openInThread(
  store: RegistryStore,
  memory: HeadMemory | undefined,
  options: RegistryCoreOptions,
  limits: RegistryLimits,
): Promise<Sides> {
  const { namespaces = [], clock = systemClock, log = silent } = options;
  const { resignInterval = DEFAULT_RESIGN_INTERVAL } = options;
  try {
    const writer = await startWriter({
      store,
      memory,
      signer: requireSigner(options),
      leadership: await joinElection(store, log, options.lease),
      logKey: options.logKey,
      namespaces,
      clock,
      limits,
      resignInterval,
      log,
    });
    return { store, writer };
  } catch (error) {
    await store.close();
    throw error;
  }
}

/** Without a sequencer: somebody else's must have begun the registry. */
async function openToAccept(
  store: RegistryStore,
  { clock = systemClock, log = silent }: RegistryCoreOptions,
  limits: RegistryLimits,
): Promise<Sides> {
  try {
    if ((await store.read((reads) => reads.latestCheckpoint())) === undefined) {
      throw new StoreError(
        'STORE_EMPTY',
        'nobody has begun this registry yet, and a process of role `api` cannot: start one of role `sequencer` or `all` first',
      );
    }
    return { store, writer: startAcceptor({ store, clock, limits, log }) };
  } catch (error) {
    await store.close();
    throw error;
  }
}

function requireSigner({ operatorKey, operatorSigner }: RegistryCoreOptions): OperatorSigner {
  const signer = operatorSigner ?? (operatorKey && keySigner(operatorKey));
  if (signer === undefined) throw new Error('a registry that sequences needs an operator key or a signer');
  return signer;
}
