import { describe, inject } from 'vitest';

export { databasePassword, type PostgresServer, startPostgres } from './postgres-process.ts';

const noPostgres: string | undefined = inject('noPostgres') || undefined;

/** Defines tests that need a PostgreSQL. Without one they are skipped, say why, and fail in CI. */
export function describeWithPostgres(name: string, body: () => void): void {
  if (noPostgres === undefined) describe(name, body);
  else describe.skip(`${name} (skipped: ${noPostgres})`, body);
}
