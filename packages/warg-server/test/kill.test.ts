import { join } from 'node:path';
import { afterAll, beforeAll, describe, it } from 'vitest';
import { killTimeLimit, killUnderLoad } from './kill-test.ts';
import { describeWithPostgres, type PostgresServer, startPostgres } from './postgres-server.ts';

const KILLS = Number(process.env['WARG_KILLS'] ?? 50);

describe('a server that is killed again and again', () => {
  it(
    `keeps every record that it acknowledged, through ${KILLS} kills under load`,
    () => killUnderLoad({ kills: KILLS, makeStore: async (folder) => ['--data-dir', join(folder, 'data')] }),
    killTimeLimit(KILLS),
  );
});

describeWithPostgres('a server on PostgreSQL that is killed again and again', () => {
  const kills = Math.ceil(KILLS / 5);
  let postgres: PostgresServer;
  beforeAll(async () => {
    postgres = await startPostgres();
  });
  afterAll(() => postgres.remove());

  it(
    `keeps every record that it acknowledged, through ${kills} kills under load and restarts of the database`,
    () =>
      killUnderLoad({
        kills,
        makeStore: async (folder) => [
          ...['--data-store', 'postgres', '--database-url', await postgres.createDatabase()],
          ...['--database-run-migrations', '--content-dir', join(folder, 'content')],
        ],
        disturb: async (kill) => {
          if (kill % 3 !== 1) return;
          await postgres.restart(kill % 2 === 0 ? 'fast' : 'crash');
          // The server finds its way back by itself.
          await new Promise((resolve) => setTimeout(resolve, 300));
        },
      }),
    killTimeLimit(kills),
  );
});
