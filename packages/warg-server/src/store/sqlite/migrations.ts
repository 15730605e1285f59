import { LOG_SCHEMA, MAP_SCHEMA } from '@warg/transparency/sqlite';

/**
 * The schema, step by step. A step that has been released is never changed; the file's `user_version` counts the steps
 * that it has taken.
 */
export const MIGRATIONS: readonly string[] = [
  `
  -- Every record that was accepted. Ids are the bytes of the hashes; the rowid is the order of arrival.
  CREATE TABLE record (
    arrival INTEGER PRIMARY KEY,
    log_id BLOB NOT NULL,
    record_id BLOB NOT NULL,
    prev BLOB,
    state INTEGER NOT NULL,
    registry_index INTEGER,
    content BLOB NOT NULL,
    key_id TEXT NOT NULL,
    signature TEXT NOT NULL,
    package_name TEXT,
    reason TEXT,
    address TEXT,
    changed_at INTEGER NOT NULL
  );
  CREATE UNIQUE INDEX record_by_id ON record (log_id, record_id);
  CREATE INDEX record_of_log ON record (log_id, registry_index) WHERE registry_index IS NOT NULL;
  CREATE UNIQUE INDEX record_at ON record (registry_index) WHERE registry_index IS NOT NULL;
  CREATE INDEX record_processing ON record (arrival) WHERE state = 1;
  CREATE INDEX record_processing_of_log ON record (log_id, prev) WHERE state = 1;
  CREATE INDEX record_sourcing_of_log ON record (log_id, address) WHERE state = 0;
  CREATE INDEX record_sourcing_of_address ON record (address) WHERE state = 0;
  CREATE INDEX record_sourcing_since ON record (changed_at) WHERE state = 0;
  CREATE INDEX record_expired_since ON record (changed_at) WHERE state = 4;

  -- What records name, in the order of their entries.
  CREATE TABLE record_content (
    arrival INTEGER NOT NULL,
    position INTEGER NOT NULL,
    digest BLOB NOT NULL,
    missing INTEGER NOT NULL,
    PRIMARY KEY (arrival, position)
  ) WITHOUT ROWID;
  CREATE INDEX record_content_by_digest ON record_content (digest);

  -- The state of each log, the operator's included, as rows.
  CREATE TABLE log_head (
    log_id BLOB PRIMARY KEY,
    package_name TEXT,
    algorithm TEXT NOT NULL,
    record_id BLOB NOT NULL,
    seconds INTEGER NOT NULL,
    nanos INTEGER NOT NULL
  ) WITHOUT ROWID;
  CREATE TABLE log_key (
    log_id BLOB NOT NULL,
    key_id TEXT NOT NULL,
    public_key TEXT NOT NULL,
    permissions TEXT NOT NULL,
    PRIMARY KEY (log_id, key_id)
  ) WITHOUT ROWID;
  CREATE TABLE log_release (
    log_id BLOB NOT NULL,
    version TEXT NOT NULL,
    record_id BLOB NOT NULL,
    released_by TEXT NOT NULL,
    seconds INTEGER NOT NULL,
    nanos INTEGER NOT NULL,
    content TEXT,
    yanked_by TEXT,
    yanked_seconds INTEGER,
    yanked_nanos INTEGER,
    PRIMARY KEY (log_id, version)
  ) WITHOUT ROWID;
  CREATE TABLE log_namespace (
    namespace TEXT PRIMARY KEY,
    registry TEXT
  ) WITHOUT ROWID;

  -- What was signed. One row a length; the newest has the highest number.
  CREATE TABLE checkpoint (
    sequence INTEGER PRIMARY KEY,
    log_length INTEGER NOT NULL UNIQUE,
    log_root BLOB NOT NULL,
    map_root BLOB NOT NULL,
    map_page INTEGER NOT NULL,
    timestamp INTEGER NOT NULL,
    key_id TEXT NOT NULL,
    signature TEXT NOT NULL
  );

  -- The tiles of the log and the pages of the map; their form is the transparency package's own.
  ${LOG_SCHEMA}
  ${MAP_SCHEMA}
  `,
  `
  -- What was done by hand, beside what publishers do. Nothing of it is ever changed.
  CREATE TABLE audit (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    time INTEGER NOT NULL,
    actor TEXT NOT NULL,
    action TEXT NOT NULL,
    details TEXT NOT NULL
  );
  `,
  `
  -- The newest checkpoint as a note that is signed with the log's own key, if there is one. It is written together with
  -- the checkpoint that it says.
  CREATE TABLE log_note (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    log_length INTEGER NOT NULL,
    text TEXT NOT NULL
  );
  `,
  `
  -- Finds the checkpoint that was the newest at a time; the rowid is the sequence.
  CREATE INDEX checkpoint_by_time ON checkpoint (timestamp);
  `,
  `
  -- Contents that are not handed out any more. What records say of them stays.
  CREATE TABLE withdrawn_content (
    digest BLOB PRIMARY KEY,
    reason TEXT NOT NULL,
    since INTEGER NOT NULL
  ) WITHOUT ROWID;
  `,
  `
  -- Contents that no record named and that are being removed, or were not long ago: a record that names one meanwhile waits
  -- for it, whatever the content store says.
  CREATE TABLE content_removal (
    digest BLOB PRIMARY KEY,
    state INTEGER NOT NULL,
    until INTEGER NOT NULL
  ) WITHOUT ROWID;
  CREATE INDEX content_removal_until ON content_removal (until);
  `,
  `
  -- The bearer tokens; of their secrets the SHA-256 alone. No namespaces stand for all of them.
  CREATE TABLE access_token (
    number INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    hash BLOB NOT NULL,
    name TEXT NOT NULL,
    scope TEXT NOT NULL,
    namespaces TEXT,
    created_at INTEGER NOT NULL,
    expires_at INTEGER,
    revoked_at INTEGER,
    last_used_at INTEGER
  );

  -- Keys that the processes on this store share, to know again what another one has signed.
  CREATE TABLE shared_key (
    name TEXT PRIMARY KEY,
    key BLOB NOT NULL
  );
  `,
  `
  -- Contents that the registry itself is to fetch for records that wait for them, and until when somebody has claimed to.
  CREATE TABLE content_source (
    arrival INTEGER NOT NULL,
    digest BLOB NOT NULL,
    urls TEXT NOT NULL,
    claimed_until INTEGER NOT NULL,
    PRIMARY KEY (arrival, digest)
  ) WITHOUT ROWID;
  CREATE INDEX content_source_claimed ON content_source (claimed_until, arrival, digest);
  `,
  `
  -- At most one row: where the registry was moved to from this file, or may have been. No server opens the file then.
  CREATE TABLE moved (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    move TEXT NOT NULL,
    target TEXT NOT NULL,
    began_at INTEGER NOT NULL,
    is_done INTEGER NOT NULL
  );
  `,
];
