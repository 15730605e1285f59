import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import type { Lease, Leases } from '../registry-store.ts';
import type { Queries } from './queries.ts';

/**
 * The lease on sequencing is one row, with an end by the database's clock.
 *
 * @param control a connection of its own: a lease must be renewed while all others are busy
 */
export function postgresLeases(control: Queries): Leases {
  // Whoever looks into the table shall know which process it is.
  const holder = `${hostname()} ${process.pid} ${randomUUID()}`;
  return {
    async take(duration) {
      const row = await control.get<[number]>(
        `UPDATE sequencer_lease
         SET holder = $1, term = term + 1, ends_at = clock_timestamp() + $2::integer * interval '1 millisecond'
         WHERE id = 1 AND (ends_at <= clock_timestamp() OR holder = $1)
         RETURNING term`,
        holder,
        duration,
      );
      return row === undefined ? undefined : { holder, term: row[0] };
    },
    async renew({ term }, duration) {
      const changed = await control.run(
        `UPDATE sequencer_lease SET ends_at = clock_timestamp() + $3::integer * interval '1 millisecond'
         WHERE id = 1 AND holder = $1 AND term = $2`,
        holder,
        term,
        duration,
      );
      return changed === 1;
    },
    async release({ term }) {
      await control.run(
        `UPDATE sequencer_lease SET ends_at = '-infinity' WHERE id = 1 AND holder = $1 AND term = $2`,
        holder,
        term,
      );
    },
  };
}

/** Whether a lease was taken by nobody else since. Until the transaction ends, nobody can: the row is locked. */
export async function holdsLease(db: Queries, { holder, term }: Lease): Promise<boolean> {
  const row = await db.get(
    'SELECT 1 FROM sequencer_lease WHERE id = 1 AND holder = $1 AND term = $2 FOR UPDATE',
    holder,
    term,
  );
  return row !== undefined;
}
