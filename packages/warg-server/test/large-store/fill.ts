// Fills the store of a data folder, or of a database, with packages: for the long runs, and for trying things by hand.
//
//   node test/large-store/fill.ts 1000000 --data-dir DIR | --database-url URL   (WARG_OPERATOR_KEY is the operator's key)

import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { parsePrivateKey } from '@warg/crypto';
import { openPostgresStore } from '../../src/store/postgres/postgres-store.ts';
import { openSqliteStore } from '../../src/store/sqlite/sqlite-store.ts';
import { fillStore } from './fill-store.ts';

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: { 'data-dir': { type: 'string' }, 'database-url': { type: 'string' } },
});
const packages = Number(positionals[0]);
const { 'data-dir': dataDir, 'database-url': databaseUrl } = values;
if (!Number.isSafeInteger(packages) || (dataDir === undefined) === (databaseUrl === undefined)) {
  console.error('expected a number of packages, and --data-dir DIR or --database-url URL');
  process.exit(2);
}
if (dataDir !== undefined) mkdirSync(dataDir, { recursive: true });
const store =
  dataDir === undefined
    ? await openPostgresStore(databaseUrl!, { runMigrations: true })
    : openSqliteStore(join(dataDir, 'registry.db'));
const started = performance.now();
await fillStore(store, {
  operatorKey: parsePrivateKey(process.env['WARG_OPERATOR_KEY'] ?? ''),
  namespace: 'large',
  packages,
  onProgress: (count) => {
    const seconds = (performance.now() - started) / 1000;
    console.error(`${count} packages, ${seconds.toFixed(0)} s`);
  },
});
await store.close();
