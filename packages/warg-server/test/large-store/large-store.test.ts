import { appendFileSync, existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { encodePrivateKey, generatePrivateKey } from '@warg/crypto';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { DEFAULT_LIMITS } from '../../src/registry/open.ts';
import { keySigner } from '../../src/sequencer/signer.ts';
import { startWriter } from '../../src/sequencer/start-writer.ts';
import { openPostgresStore } from '../../src/store/postgres/postgres-store.ts';
import type { RegistryStore } from '../../src/store/registry-store.ts';
import { openSqliteStore } from '../../src/store/sqlite/sqlite-store.ts';
import { describeWithPostgres, type PostgresServer, startPostgres } from '../postgres-server.ts';
import { freePort, type ServerProcess, startServer } from '../server-process.ts';
import { countCalls } from './count-calls.ts';
import { fillStore } from './fill-store.ts';
import { loadServer } from './load.ts';

/** How many packages the large store has. The long variant asks for a million. */
const PACKAGES = Number(process.env['WARG_LARGE_STORE'] ?? 10_000);
const SMALL = 500;
const ROUNDS = Math.max(40, PACKAGES / 200);
/** Filling takes half a millisecond a package where nothing else runs. */
const TIME_LIMIT = 600_000 + PACKAGES * 10;

const MEBIBYTE = 2 ** 20;
/** What every process may take at a million packages. */
const MOST_MEMORY = 512 * MEBIBYTE;

const operatorKey = generatePrivateKey();
const namespace = 'large';
const hasProc = existsSync('/proc/self/io');

interface Place {
  open(): Promise<RegistryStore>;
  /** For the program. */
  readonly args: readonly string[];
}

/** What a start of the program costs, and what it takes when it is busy. */
interface Figures {
  readonly startMs: number;
  /** What it read from files and sockets until it answered, bytes; on Linux alone. */
  readonly read: number;
  readonly peakAfterLoad: number;
}

async function measure(place: Place, packages: number, rounds: number): Promise<Figures> {
  const env = { WARG_OPERATOR_KEY: encodePrivateKey(operatorKey) };
  const started = performance.now();
  const server = await startServer(await freePort(), ['--namespace', namespace, ...place.args], env);
  const startMs = performance.now() - started;
  try {
    const read = hasProc ? procNumber(server, 'io', /^rchar: (\d+)$/m) : 0;
    if (rounds > 0) await loadServer({ url: server.url, namespace, packages, rounds });
    const peakAfterLoad = hasProc ? 1024 * procNumber(server, 'status', /^VmHWM:\s+(\d+) kB$/m) : 0;
    return { startMs, read, peakAfterLoad };
  } finally {
    server.signal('SIGTERM');
    await server.ended;
  }
}

function procNumber({ pid }: ServerProcess, file: string, pattern: RegExp): number {
  return Number(pattern.exec(readFileSync(`/proc/${pid}/${file}`, 'utf8'))![1]);
}

/** How many calls of the store it takes to open a registry on it. */
async function callsToOpen(store: RegistryStore): Promise<readonly string[]> {
  const counted = countCalls(store);
  const writer = await startWriter({
    store: counted.store,
    signer: keySigner(operatorKey),
    namespaces: [{ namespace, state: 'defined' }],
    clock: { now: () => Date.now() },
    limits: DEFAULT_LIMITS,
    resignInterval: 0,
    log: { debug() {}, info() {}, warn() {}, error() {} },
  });
  await writer.idle();
  await writer.close();
  return counted.calls();
}

const nameOf = (call: string) => call.split(' ')[0];

/** The length of the longest list that a call asked for. */
const askedFor = (call: string) => Math.max(0, ...[...call.matchAll(/\[(\d+)\]/g)].map(([, n]) => Number(n)));

async function openCostsTheSame(place: Place): Promise<void> {
  const at = async (packages: number) => {
    const store = await place.open();
    await fillStore(store, { operatorKey, packages, namespace });
    const calls = await callsToOpen(store);
    await store.close();
    // The first start after the filling may find work to do.
    await measure(place, packages, 0);
    return { calls, ...(await measure(place, packages, 0)) };
  };
  const small = await at(SMALL);
  const large = await at(PACKAGES);
  expect(large.calls.map(nameOf)).toEqual(small.calls.map(nameOf));
  // The edge of the log has a tile for each level, of which there are three or four in a million and in a billion.
  for (const call of large.calls) expect(askedFor(call)).toBeLessThanOrEqual(4);
  // A database has about 1.5 kB for each package.
  expect(large.read - small.read).toBeLessThan(MEBIBYTE / 2);
  if (PACKAGES >= 1_000_000) expect(large.startMs).toBeLessThan(2000);

  const busy = await measure(place, PACKAGES, ROUNDS);
  expect(busy.peakAfterLoad).toBeLessThan(MOST_MEMORY);
  const figures = [
    `${PACKAGES} packages (${place.args[0]} ${place.args[1]})`,
    `start ${large.startMs.toFixed(0)} ms, ${(large.read / MEBIBYTE).toFixed(1)} MiB read`,
    `peak RSS after ${ROUNDS} rounds of publishing and proving ${(busy.peakAfterLoad / MEBIBYTE).toFixed(0)} MiB`,
  ].join(': ');
  const file = process.env['WARG_FIGURES'];
  if (file === undefined) console.log(figures);
  else appendFileSync(file, `${figures}\n`);
}

describe('a large store', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'warg-large-'));
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  it(
    `in SQLite opens as a small one does, and takes no more memory, at ${PACKAGES} packages`,
    () =>
      openCostsTheSame({
        open: async () => openSqliteStore(join(folder, 'registry.db')),
        args: ['--data-dir', folder],
      }),
    TIME_LIMIT,
  );
});

describeWithPostgres('a large store on PostgreSQL', () => {
  let server: PostgresServer;
  let folder: string;
  beforeAll(async () => {
    server = await startPostgres();
    folder = mkdtempSync(join(tmpdir(), 'warg-large-'));
  });
  afterAll(async () => {
    await server.remove();
    rmSync(folder, { recursive: true });
  });

  it(
    `opens as a small one does, and takes no more memory, at ${PACKAGES} packages`,
    async () => {
      const url = await server.createDatabase();
      await openCostsTheSame({
        open: () => openPostgresStore(url, { runMigrations: true }),
        args: ['--data-store', 'postgres', '--database-url', url, '--data-dir', folder],
      });
    },
    TIME_LIMIT,
  );
});
