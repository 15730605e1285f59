import { LONGEST_KEY, sqlKeyOf } from '../store/postgres/long-texts.ts';

export type ColumnType = 'bytea' | 'text' | 'bigint' | 'integer' | 'smallint';

/** A column of a table that is moved. */
export interface MovedColumn {
  /** Its name in PostgreSQL. */
  readonly name: string;
  readonly type: ColumnType;
  /** What it is in SQLite; the same name if it is left out. */
  readonly from?: string;
  /** What is made of its value in PostgreSQL, an expression over its name; the value itself if it is left out. */
  readonly to?: string;
}

/** A table that is moved, with all its rows and columns. */
export interface MovedTable {
  /** Its name in PostgreSQL. */
  readonly name: string;
  /** Its name in SQLite. */
  readonly from: string;
  /** The columns of its primary key in SQLite, in whose order it is read. */
  readonly order: string;
  /** The column that PostgreSQL numbers. */
  readonly identity?: string;
  readonly columns: readonly MovedColumn[];
}

/** Tables of either schema that belong to the database itself and not to the registry in it. */
export const UNMOVED = {
  /** `moved` is the mark of a move; `sqlite_sequence` is read where numbers are set. */
  sqlite: ['moved', 'sqlite_sequence'],
  /** The version of the schema, and who sequences now. */
  postgres: ['warg_store', 'sequencer_lease'],
} as const;

/** Tiles of level n of the log have ids from n times this on in SQLite. */
const LEVEL = 2 ** 40;

/** Every table of a registry. `migrate-registry.test.ts` holds this list against both schemas. */
export const MOVED_TABLES: readonly MovedTable[] = [
  numbered('record', 'arrival', {
    log_id: 'bytea',
    record_id: 'bytea',
    prev: 'bytea',
    state: 'smallint',
    registry_index: 'bigint',
    content: 'bytea',
    key_id: 'text',
    signature: 'text',
    package_name: 'text',
    reason: 'text',
    address: 'text',
    changed_at: 'bigint',
  }),
  table('record_content', 'arrival, position', {
    arrival: 'bigint',
    position: 'integer',
    digest: 'bytea',
    missing: 'smallint',
  }),
  table('content_source', 'arrival, digest', {
    arrival: 'bigint',
    digest: 'bytea',
    urls: 'text',
    claimed_until: 'bigint',
  }),
  table('log_head', 'log_id', {
    log_id: 'bytea',
    package_name: 'text',
    algorithm: 'text',
    record_id: 'bytea',
    seconds: 'bigint',
    nanos: 'integer',
  }),
  table('log_key', 'log_id, key_id', {
    log_id: 'bytea',
    key_id: 'text',
    public_key: 'text',
    permissions: 'text',
  }),
  withLongText(
    'version',
    table('log_release', 'log_id, version', {
      log_id: 'bytea',
      version: 'text',
      record_id: 'bytea',
      released_by: 'text',
      seconds: 'bigint',
      nanos: 'integer',
      content: 'text',
      yanked_by: 'text',
      yanked_seconds: 'bigint',
      yanked_nanos: 'integer',
    }),
  ),
  withLongText('namespace', table('log_namespace', 'namespace', { namespace: 'text', registry: 'text' })),
  table('checkpoint', 'sequence', {
    sequence: 'bigint',
    log_length: 'bigint',
    log_root: 'bytea',
    map_root: 'bytea',
    map_page: 'bigint',
    timestamp: 'bigint',
    key_id: 'text',
    signature: 'text',
  }),
  table('log_note', 'id', { id: 'smallint', log_length: 'bigint', text: 'text' }),
  {
    name: 'merkle_log_tile',
    from: 'merkle_log_tiles',
    order: 'id',
    columns: [
      { name: 'level', type: 'smallint', from: `id / ${LEVEL}` },
      { name: 'index', type: 'bigint', from: `id % ${LEVEL}` },
      { name: 'hashes', type: 'bytea' },
    ],
  },
  {
    ...table('merkle_map_page', 'id', { id: 'bigint', bytes: 'bytea' }),
    from: 'merkle_map_pages',
  },
  table('merkle_map_superseded', 'page', { page: 'bigint', by_root: 'bigint' }),
  table('withdrawn_content', 'digest', { digest: 'bytea', reason: 'text', since: 'bigint' }),
  table('content_removal', 'digest', { digest: 'bytea', state: 'smallint', until: 'bigint' }),
  numbered('access_token', 'number', {
    id: 'text',
    hash: 'bytea',
    name: 'text',
    scope: 'text',
    namespaces: 'text',
    created_at: 'bigint',
    expires_at: 'bigint',
    revoked_at: 'bigint',
    last_used_at: 'bigint',
  }),
  table('shared_key', 'name', { name: 'text', key: 'bytea' }),
  numbered('audit', 'id', { time: 'bigint', actor: 'text', action: 'text', details: 'text' }),
];

/** A table that is called alike in both. */
function table(name: string, order: string, columns: Readonly<Record<string, ColumnType>>): MovedTable {
  return {
    name,
    from: name,
    order,
    columns: Object.entries(columns).map(([column, type]) => ({ name: column, type })),
  };
}

/** The same, with a primary key that the database numbers. */
function numbered(name: string, identity: string, columns: Readonly<Record<string, ColumnType>>): MovedTable {
  return { ...table(name, identity, { [identity]: 'bigint', ...columns }), identity };
}

/** The same, with a text whose place in PostgreSQL is taken by a key where it is long. */
function withLongText(name: string, moved: MovedTable): MovedTable {
  const columns = moved.columns.map((column) =>
    column.name === name ? { ...column, to: sqlKeyOf(`q.${name}`) } : column,
  );
  // Behind a text that is no longer than its key stands none.
  const from = `${name} || iif(length(CAST(${name} AS BLOB)) > ${LONGEST_KEY}, '', NULL)`;
  return { ...moved, columns: [...columns, { name: `long_${name}`, type: 'text', from }] };
}
