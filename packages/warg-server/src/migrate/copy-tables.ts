import { StoreError } from '../store/errors.ts';
import { bytesList, type Queries, textList } from '../store/postgres/queries.ts';
import type { Connection } from '../store/sqlite/connection.ts';
import { type ColumnType, MOVED_TABLES, type MovedColumn, type MovedTable } from './tables.ts';

/** What goes in one statement: little enough that memory does not grow with the registry. */
const BATCH = { rows: 2000, bytes: 1024 * 1024 };

type Value = Uint8Array | string | null;

/** How many rows each table has, by its name in PostgreSQL. */
export type RowCounts = Readonly<Record<string, number>>;

export function countRows(from: Connection): RowCounts {
  return Object.fromEntries(
    MOVED_TABLES.map((table) => [table.name, from.get<[number]>(`SELECT count(*) FROM ${table.from}`)![0]]),
  );
}

/**
 * Copies all rows of all tables, and sets the numbers from which the database goes on.
 *
 * @param from a transaction that nobody writes behind
 * @param to a transaction on empty tables
 * @param onRows told how many rows were copied since it was told last; may throw
 * @returns how many rows of each table arrived
 * @throws StoreError
 */
export async function copyTables(
  from: Connection,
  to: Queries,
  onRows: (rows: number) => void,
): Promise<RowCounts> {
  const counts: Record<string, number> = {};
  for (const table of MOVED_TABLES) {
    counts[table.name] = await copyTable(from, to, table, onRows);
    await setNextNumber(from, to, table);
  }
  return counts;
}

async function copyTable(
  from: Connection,
  to: Queries,
  table: MovedTable,
  onRows: (rows: number) => void,
): Promise<number> {
  const insert = insertion(table);
  let count = 0;
  for (const rows of batchesOf(from, table)) {
    const lists = table.columns.map(({ type }, i) =>
      listOf(
        type,
        rows.map((row) => row[i]!),
      ),
    );
    count += await to.run(insert, ...lists);
    onRows(rows.length);
  }
  return count;
}

function* batchesOf(from: Connection, table: MovedTable): Generator<Value[][]> {
  const columns = table.columns.map(selection).join(', ');
  let batch: Value[][] = [];
  let bytes = 0;
  for (const row of from.iterate<Value[]>(`SELECT ${columns} FROM ${table.from} ORDER BY ${table.order}`)) {
    table.columns.forEach((column, i) => {
      requireType(row[i]!, column, table, from.name);
    });
    batch.push(row);
    bytes += row.reduce((size, value) => size + (value?.length ?? 0), 0);
    if (batch.length < BATCH.rows && bytes < BATCH.bytes) continue;
    yield batch;
    batch = [];
    bytes = 0;
  }
  if (batch.length > 0) yield batch;
}

/** Numbers travel as texts: they have 64 bits. */
function selection({ name, from = `"${name}"`, type }: MovedColumn): string {
  return type === 'bytea' || type === 'text' ? from : `CAST(${from} AS TEXT)`;
}

/** SQLite keeps in a column what it was given, whatever the column is for. */
function requireType(value: Value, { name, type }: MovedColumn, table: MovedTable, file: string): void {
  if (value === null || (type === 'bytea') === value instanceof Uint8Array) return;
  throw new StoreError(
    'STORE_CORRUPT',
    `expected ${type} in the column ${name} of the table ${table.from} of ${file}, found something else: ` +
      'bring the file back from a backup',
  );
}

function insertion({ name, columns }: MovedTable): string {
  const names = columns.map((column) => `"${column.name}"`).join(', ');
  const lists = columns.map(({ type }, i) => `$${i + 1}::${type}[]`).join(', ');
  const values = columns.map((column) => column.to ?? `"${column.name}"`).join(', ');
  return `INSERT INTO ${name} (${names}) OVERRIDING SYSTEM VALUE SELECT ${values} FROM unnest(${lists}) AS q (${names})`;
}

function listOf(type: ColumnType, values: readonly Value[]): string {
  if (type === 'bytea') return bytesList(values as (Uint8Array | null)[]);
  if (type === 'text') return textList(values as (string | null)[]);
  return `{${values.map((value) => value ?? 'NULL').join(',')}}`;
}

/** The next row gets the number that it would have got in SQLite. */
async function setNextNumber(from: Connection, to: Queries, { name, identity }: MovedTable): Promise<void> {
  if (identity === undefined) return;
  const [last] = from.get<[number]>(
    `SELECT max(coalesce((SELECT max(${identity}) FROM ${name}), 0),
                coalesce((SELECT seq FROM sqlite_sequence WHERE name = '${name}'), 0))`,
  )!;
  await to.run(
    `SELECT setval(pg_get_serial_sequence($1, $2), $3::bigint, ${last > 0})`,
    name,
    identity,
    Math.max(last, 1),
  );
}
