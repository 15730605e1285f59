import { join } from 'node:path';
import { afterAll, beforeAll, describe, it } from 'vitest';
import { describeWithPostgres, type PostgresServer, startPostgres } from '../postgres-server.ts';
import { killTimeLimit, killUnderLoad } from './kill-servers.ts';

/** How often the long variant strikes; the short ones, which always run, strike less often. */
const BLOWS = Number(process.env['WARG_KILLS'] ?? 50);
const RESTARTS = BLOWS >= 200 ? 5 : 2;

describe('a server that is killed and stopped again and again', () => {
  it(
    `keeps every record that it acknowledged, through ${BLOWS} blows under load`,
    () =>
      killUnderLoad({
        blows: BLOWS,
        longestStop: 300,
        makeStore: async (folder) => ['--data-dir', join(folder, 'data')],
      }),
    killTimeLimit(BLOWS),
  );
});

describeWithPostgres('three servers on one PostgreSQL that are killed and stopped again and again', () => {
  let postgres: PostgresServer;
  beforeAll(async () => {
    postgres = await startPostgres();
  });
  afterAll(() => postgres.remove());

  it(
    `keep every record that they acknowledged and contradict nothing, through ${BLOWS} blows under load and ${RESTARTS} restarts of the database`,
    () =>
      killUnderLoad({
        processes: 3,
        blows: BLOWS,
        // Long enough, now and then, for another process to take over and to publish something.
        longestPause: 3_500,
        // Longer than the lease: who wakes up then must not sign any more.
        longestStop: 6_000,
        makeStore: async (folder) => [
          ...['--data-store', 'postgres', '--database-url', await postgres.createDatabase()],
          ...['--database-run-migrations', '--content-dir', join(folder, 'content')],
        ],
        disturb: { times: RESTARTS, how: (time) => postgres.restart(time % 2 === 0 ? 'crash' : 'fast') },
      }),
    killTimeLimit(BLOWS),
  );
});
