import { readdirSync, readFileSync } from 'node:fs';
import type { DatabaseSync } from 'node:sqlite';
import { describe, expect, it } from 'vitest';
import { Connection } from './connection.ts';
import { migrate } from './schema.ts';

/** The texts of all SQL that reads or changes rows in the modules of queries. */
function queries(): string[] {
  const folder = new URL('.', import.meta.url);
  const modules = readdirSync(folder).filter((name) => name.endsWith('-queries.ts'));
  return modules.flatMap((name) => {
    const source = readFileSync(new URL(name, folder), 'utf8');
    const columns = /const COLUMNS =\s*['`]([^'`]+)/.exec(source)?.[1] ?? '';
    return [...source.matchAll(/['`]((?:SELECT|UPDATE|DELETE)\s[^'`]+)['`]/g)].map(([, sql]) =>
      sql!.replaceAll(`\${COLUMNS}`, columns).replace(/\s+/g, ' '),
    );
  });
}

function planOf(database: DatabaseSync, sql: string): string[] {
  // A number behind the mark means that a value is used more than once.
  const places = new Set(Array.from(sql.matchAll(/\?(\d*)/g), ([, number], at) => number || `at ${at}`));
  const values = Array.from(places, () => null);
  return database
    .prepare(`EXPLAIN QUERY PLAN ${sql}`)
    .all(...values)
    .map((row) => String(row['detail']));
}

describe('the queries', () => {
  it('cost no more when the history grows: each finds its rows by an index', () => {
    const connection = Connection.memory();
    migrate(connection);
    const found = queries();
    expect(found.length).toBeGreaterThan(25);
    for (const sql of found) {
      for (const step of planOf(connection.database, sql)) {
        // The partial index holds nothing but what is processing; the newest checkpoint is the last row; tokens are listed
        // by hand; a list of namespaces is what it is; and whether a table has a row is told by its first.
        const isShort =
          /INDEX record_processing$/.test(step) ||
          /ORDER BY sequence DESC LIMIT 1$/.test(sql) ||
          /FROM access_token ORDER BY number$/.test(sql) ||
          /^SCAN (json_each|asked) VIRTUAL TABLE/.test(step) ||
          /^SCAN (CONSTANT ROW|\(subquery-\d+\))$/.test(step) ||
          (/^SCAN withdrawn_content/.test(step) && /EXISTS \(SELECT 1 FROM withdrawn_content\)/.test(sql));
        if (!isShort) expect(`${step}: ${sql}`).not.toMatch(/^SCAN/);
      }
    }
    connection.close();
  });

  it('are prepared once', () => {
    // SQLite looks at the value of a bare `LIMIT ?` when it plans, and so plans anew each time that one is bound: of what
    // such a query takes that is more than half. It does not look into an expression.
    for (const sql of queries()) expect(sql).not.toMatch(/LIMIT \?/);
  });
});
