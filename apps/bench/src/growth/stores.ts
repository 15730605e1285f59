// The stores that grow: an SQLite file or a PostgreSQL database, filled by the large-store filler of the server's tests.

import { mkdtempSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { encodePrivateKey, generatePrivateKey } from '@warg/crypto';
import { cleanEnvironment, must, type Registry, runProgram, startOurServer } from '@warg-apps/programs';
import { databaseBytes, startPostgres, storeArguments } from '../servers/postgres.ts';

export type StoreKind = 'SQLite' | 'PostgreSQL';

/** The namespace that the filler uses. */
export const namespace = 'large';

/** What it calls the package that was to be that many-th, if it was there to fill in. */
export function filledName(number: number): string {
  return `${namespace}:p${number}`;
}

export interface GrowingStore {
  readonly kind: StoreKind;
  /** Of the process that starts those of the database; undefined where there is none. */
  readonly database: number | undefined;
  /** Fills it until it has so many packages. */
  fillTo(packages: number): Promise<void>;
  /** Starts our server on it, and says how long that took. */
  start(): Promise<Registry & { readonly startMillis: number }>;
  /** What it takes on disk, bytes. */
  size(): Promise<number>;
  end(): Promise<void>;
}

export async function openGrowingStore(kind: StoreKind, work: string): Promise<GrowingStore> {
  const dataDir = mkdtempSync(join(work, 'growth-'));
  const operatorKey = encodePrivateKey(generatePrivateKey());
  const postgres = kind === 'PostgreSQL' ? await startPostgres() : undefined;
  const url = postgres?.urls[0];
  const place = url === undefined ? ['--data-dir', dataDir] : ['--database-url', url];
  return {
    kind,
    database: postgres?.pid,
    fillTo: async (packages) => {
      const env = cleanEnvironment({ WARG_OPERATOR_KEY: operatorKey });
      const args = [filler, String(packages), ...place];
      await must(runProgram(process.execPath, args, { env, timeout: 60_000 + 20 * packages }));
    },
    start: async () => {
      const more = url === undefined ? [] : storeArguments(url);
      const started = performance.now();
      const registry = await startOurServer({ work, operatorKey, namespace, dataDir, more });
      await (await fetch(`${registry.url}/v1/fetch/checkpoint`)).arrayBuffer();
      return { ...registry, startMillis: performance.now() - started };
    },
    size: async () => (url === undefined ? sizeOfFiles(dataDir) : databaseBytes(url)),
    end: async () => postgres?.stop(),
  };
}

const filler = fileURLToPath(
  new URL('../../../../packages/warg-server/test/large-store/fill.ts', import.meta.url),
);

/** The database and its write-ahead log. */
function sizeOfFiles(folder: string): number {
  const files = readdirSync(folder).filter((name) => name.startsWith('registry.db'));
  return files.reduce((sum, name) => sum + statSync(join(folder, name)).size, 0);
}
