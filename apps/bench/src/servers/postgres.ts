import { fileURLToPath } from 'node:url';
import { startProgram } from '@warg-apps/programs';
import sql from 'postgres';

/** A PostgreSQL with its own defaults, durable, and two empty databases in it. */
export interface Postgres {
  /** Of the process that starts all others. */
  readonly pid: number;
  readonly urls: readonly string[];
  stop(): Promise<void>;
}

/** Starts one as the tests of the server do. */
export async function startPostgres(): Promise<Postgres> {
  const program = fileURLToPath(
    new URL('../../../../packages/warg-server/test/run-postgres.ts', import.meta.url),
  );
  const running = await startProgram(process.execPath, [program, '--durable'], /^\{.*\}$/m, {
    endsItself: true,
  });
  const { pid, urls } = JSON.parse(running.ready[0]) as { pid: number; urls: string[] };
  return { pid, urls, stop: () => running.stop() };
}

/** How our server is told to keep its records there. */
export function storeArguments(url: string): string[] {
  return ['--data-store', 'postgres', '--database-url', url, '--database-run-migrations'];
}

/** What a database takes on disk, its indexes included. */
export async function databaseBytes(url: string): Promise<number> {
  const connection = sql(url, { max: 1 });
  try {
    const [row] = await connection`SELECT pg_database_size(current_database()) AS size`;
    return Number(row!['size']);
  } finally {
    await connection.end();
  }
}
