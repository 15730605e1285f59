import { type LogStore, type MapStore, TILE_WIDTH, TransparencyError } from '@warg/transparency';
import { bytesList, numberList, portions, type Queries } from './queries.ts';

const HASH_BYTES = 32;

/** The tiles of the log in the database. */
export function postgresLogStore(db: Queries): LogStore {
  const readLength = async () => {
    const row = await db.get<[index: number, size: number]>(
      'SELECT index, length(hashes) FROM merkle_log_tile WHERE level = 0 ORDER BY index DESC LIMIT 1',
    );
    return row === undefined ? 0 : row[0] * TILE_WIDTH + row[1] / HASH_BYTES;
  };
  return {
    length: readLength,
    async readTiles(ids) {
      const rows = await db.all<[n: number, hashes: Uint8Array]>(
        `SELECT q.n, t.hashes FROM unnest($1::smallint[], $2::bigint[]) WITH ORDINALITY q (level, index, n)
         JOIN merkle_log_tile t ON t.level = q.level AND t.index = q.index`,
        numberList(ids.map(({ level }) => level)),
        numberList(ids.map(({ index }) => index)),
      );
      const found = new Map(rows);
      return ids.map((_, index) => found.get(index + 1));
    },
    async readParts(parts, count) {
      const rows = await db.all<[n: number, hashes: Uint8Array]>(
        `SELECT q.n, substring(t.hashes FROM q.start FOR $4)
         FROM unnest($1::smallint[], $2::bigint[], $3::integer[]) WITH ORDINALITY q (level, index, start, n)
         JOIN merkle_log_tile t ON t.level = q.level AND t.index = q.index`,
        numberList(parts.map(({ level }) => level)),
        numberList(parts.map(({ index }) => index)),
        numberList(parts.map(({ first }) => 1 + first * HASH_BYTES)),
        count * HASH_BYTES,
      );
      const found = new Map(rows);
      return parts.map((_, index) => found.get(index + 1));
    },
    async write({ from, tiles }) {
      const length = await readLength();
      if (length !== from) {
        throw new TransparencyError(
          'LOG_CONFLICT',
          `expected the stored log to have ${from} leaves, found ${length}: somebody else appends, reload and retry`,
        );
      }
      for (const some of portions(tiles, ({ hashes }) => hashes.length)) {
        await db.run(
          `INSERT INTO merkle_log_tile (level, index, hashes)
           SELECT * FROM unnest($1::smallint[], $2::bigint[], $3::bytea[])
           ON CONFLICT (level, index) DO UPDATE SET hashes = excluded.hashes`,
          numberList(some.map(({ level }) => level)),
          numberList(some.map(({ index }) => index)),
          bytesList(some.map(({ hashes }) => hashes)),
        );
      }
    },
  };
}

/** The pages of the map in the database. */
export function postgresMapStore(db: Queries): MapStore {
  return {
    async lastPage() {
      const row = await db.get<[number]>('SELECT coalesce(max(id), 0) FROM merkle_map_page');
      return row![0];
    },
    async readPages(ids) {
      const rows = await db.all<[id: number, bytes: Uint8Array]>(
        `SELECT p.id, p.bytes FROM (SELECT DISTINCT unnest($1::bigint[]) AS id) q
         JOIN merkle_map_page p ON p.id = q.id`,
        numberList(ids),
      );
      const found = new Map(rows);
      return ids.map((id) => found.get(id));
    },
    async write({ from, root, pages, superseded }) {
      await db.run('DELETE FROM merkle_map_superseded WHERE by_root > $1', from);
      for (const some of portions(pages, ({ bytes }) => bytes.length)) {
        await db.run(
          'INSERT INTO merkle_map_page (id, bytes) SELECT * FROM unnest($1::bigint[], $2::bytea[])',
          numberList(some.map(({ id }) => id)),
          bytesList(some.map(({ bytes }) => bytes)),
        );
      }
      for (const some of portions(superseded, () => 20)) {
        await db.run(
          `INSERT INTO merkle_map_superseded (page, by_root) SELECT page, $2 FROM unnest($1::bigint[]) q (page)
           ON CONFLICT (page) DO UPDATE SET by_root = excluded.by_root`,
          numberList(some),
          root,
        );
      }
    },
    async collect(oldest, limit) {
      const row = await db.get<[number]>(
        `WITH gone AS (
           DELETE FROM merkle_map_superseded WHERE page IN (
             SELECT page FROM merkle_map_superseded WHERE by_root <= $1 ORDER BY by_root LIMIT $2)
           RETURNING page),
         pages AS (DELETE FROM merkle_map_page p USING gone WHERE p.id = gone.page)
         SELECT count(*) FROM gone`,
        oldest,
        limit,
      );
      return row![0];
    },
  };
}
