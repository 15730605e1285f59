import { DatabaseSync } from 'node:sqlite';
import { expect } from 'vitest';
import { MOVED_TABLES } from '../src/migrate/tables.ts';
import type { PostgresServer } from './postgres-server.ts';

/** What is in a database, table by table, as text. */
function textOf(rows: readonly Record<string, unknown>[]): string[] {
  return rows.map((row) => JSON.stringify(Object.values(row)));
}
/** Columns of the table itself, and not the texts that are made of them. */
const byOf = (table: string, order: string) => order.replace(/\w+/g, (column) => `${table}."${column}"`);
export type Dump = Readonly<Record<string, readonly string[]>>;
/** Shows no more than the first row that differs. */
export function expectSame(found: Dump, expected: Dump): void {
  expect(Object.keys(found)).toEqual(Object.keys(expected));
  for (const [table, rows] of Object.entries(expected)) {
    const at = rows.findIndex((row, i) => found[table]![i] !== row);
    expect([table, found[table]!.length, found[table]![at]]).toEqual([table, rows.length, rows[at]]);
  }
}
export function dumpSqlite(path: string): Record<string, string[]> {
  const db = new DatabaseSync(path, { readOnly: true });
  try {
    return Object.fromEntries(
      MOVED_TABLES.map(({ name, from, order, columns }) => {
        const list = columns.map((column) => {
          const value = column.from ?? `"${column.name}"`;
          return column.type === 'bytea'
            ? `lower(hex(${value})) || coalesce(substr(${value}, 1, 0), NULL) AS "${column.name}"`
            : `CAST(${value} AS TEXT) AS "${column.name}"`;
        });
        return [
          name,
          textOf(
            db.prepare(`SELECT ${list.join(', ')} FROM ${from} ORDER BY ${byOf(from, order)}`).all() as never,
          ),
        ];
      }),
    );
  } finally {
    db.close();
  }
}
export async function dumpPostgres(server: PostgresServer, url: string): Promise<Record<string, string[]>> {
  const tables = [];
  for (const { name, order, columns } of MOVED_TABLES) {
    const list = columns.map((column) =>
      column.type === 'bytea'
        ? `encode("${column.name}", 'hex') AS "${column.name}"`
        : `"${column.name}"::text AS "${column.name}"`,
    );
    const by = byOf(name, name === 'merkle_log_tile' ? 'level, index' : order);
    const all = `SELECT ${list.join(', ')} FROM ${name} ORDER BY ${by}`;
    tables.push([name, textOf(await server.query(url, all))] as const);
  }
  return Object.fromEntries(tables);
}
