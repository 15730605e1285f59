/**
 * The schema, step by step. A step that has been released is never changed; `warg_store.schema_version` counts the steps
 * that a database has taken.
 */
export const MIGRATIONS: readonly string[] = [
  `
  -- One row. Every transaction that writes begins by changing it: only one runs at a time, among all processes, and a
  -- reader sees by its revision whether something was committed.
  CREATE TABLE warg_store (
    id smallint PRIMARY KEY CHECK (id = 1),
    schema_version integer NOT NULL,
    revision bigint NOT NULL
  );
  INSERT INTO warg_store (id, schema_version, revision) VALUES (1, 0, 0);

  -- Every record that was accepted. Ids are the bytes of the hashes; arrival is their order.
  CREATE TABLE record (
    arrival bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    log_id bytea NOT NULL,
    record_id bytea NOT NULL,
    prev bytea,
    state smallint NOT NULL,
    registry_index bigint,
    content bytea NOT NULL,
    key_id text NOT NULL,
    signature text NOT NULL,
    package_name text,
    reason text,
    address text,
    changed_at bigint NOT NULL
  );
  CREATE UNIQUE INDEX record_by_id ON record (log_id, record_id);
  CREATE INDEX record_of_log ON record (log_id, registry_index) WHERE registry_index IS NOT NULL;
  CREATE UNIQUE INDEX record_at ON record (registry_index) WHERE registry_index IS NOT NULL;
  CREATE INDEX record_processing ON record (arrival) WHERE state = 1;
  CREATE INDEX record_processing_of_log ON record (log_id, arrival) WHERE state = 1;
  CREATE INDEX record_processing_on ON record (log_id, coalesce(prev, ''), arrival) WHERE state = 1;
  CREATE INDEX record_sourcing_of_log ON record (log_id, address) WHERE state = 0;
  CREATE INDEX record_sourcing_of_address ON record (address) WHERE state = 0;
  CREATE INDEX record_sourcing_since ON record (changed_at) WHERE state = 0;
  CREATE INDEX record_expired_since ON record (changed_at) WHERE state = 4;

  -- What records name, in the order of their entries.
  CREATE TABLE record_content (
    arrival bigint NOT NULL,
    position integer NOT NULL,
    digest bytea NOT NULL,
    missing smallint NOT NULL,
    PRIMARY KEY (arrival, position)
  );
  CREATE INDEX record_content_by_digest ON record_content (digest);

  -- The state of each log, the operator's included, as rows.
  CREATE TABLE log_head (
    log_id bytea PRIMARY KEY,
    package_name text,
    algorithm text NOT NULL,
    record_id bytea NOT NULL,
    seconds bigint NOT NULL,
    nanos integer NOT NULL
  );
  CREATE TABLE log_key (
    log_id bytea NOT NULL,
    key_id text NOT NULL,
    public_key text NOT NULL,
    permissions text NOT NULL,
    PRIMARY KEY (log_id, key_id)
  );
  CREATE TABLE log_release (
    log_id bytea NOT NULL,
    version text NOT NULL,
    record_id bytea NOT NULL,
    released_by text NOT NULL,
    seconds bigint NOT NULL,
    nanos integer NOT NULL,
    content text,
    yanked_by text,
    yanked_seconds bigint,
    yanked_nanos integer,
    PRIMARY KEY (log_id, version)
  );
  CREATE TABLE log_namespace (
    namespace text PRIMARY KEY,
    registry text
  );

  -- What was signed. One row a length; the newest has the highest number.
  CREATE TABLE checkpoint (
    sequence bigint PRIMARY KEY,
    log_length bigint NOT NULL UNIQUE,
    log_root bytea NOT NULL,
    map_root bytea NOT NULL,
    map_page bigint NOT NULL,
    timestamp bigint NOT NULL,
    key_id text NOT NULL,
    signature text NOT NULL
  );

  -- The tiles of the log. Its length is not stored but follows from the last leaf tile, so that the two cannot disagree.
  CREATE TABLE merkle_log_tile (
    level smallint NOT NULL,
    index bigint NOT NULL,
    hashes bytea NOT NULL CHECK (length(hashes) % 32 = 0 AND length(hashes) BETWEEN 32 AND 8192),
    PRIMARY KEY (level, index)
  );
  -- Hashes do not get smaller by compression.
  ALTER TABLE merkle_log_tile ALTER COLUMN hashes SET STORAGE EXTERNAL;

  -- The pages of the map, and for those that a newer state does not reach, the root page of that state.
  CREATE TABLE merkle_map_page (
    id bigint PRIMARY KEY,
    bytes bytea NOT NULL
  );
  ALTER TABLE merkle_map_page ALTER COLUMN bytes SET STORAGE EXTERNAL;
  CREATE TABLE merkle_map_superseded (
    page bigint PRIMARY KEY,
    by_root bigint NOT NULL
  );
  CREATE INDEX merkle_map_superseded_by_root ON merkle_map_superseded (by_root);
  `,
  `
  -- What was done by hand, beside what publishers do. Nothing of it is ever changed.
  CREATE TABLE audit (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    time bigint NOT NULL,
    actor text NOT NULL,
    action text NOT NULL,
    details text NOT NULL
  );
  `,
  `
  -- The newest checkpoint as a note that is signed with the log's own key, if there is one. It is written together with
  -- the checkpoint that it says.
  CREATE TABLE log_note (
    id smallint PRIMARY KEY CHECK (id = 1),
    log_length bigint NOT NULL,
    text text NOT NULL
  );
  `,
  `
  -- Finds the checkpoint that was the newest at a time.
  CREATE INDEX checkpoint_by_time ON checkpoint (timestamp, sequence);
  `,
  `
  -- Contents that are not handed out any more. What records say of them stays.
  CREATE TABLE withdrawn_content (
    digest bytea PRIMARY KEY,
    reason text NOT NULL,
    since bigint NOT NULL
  );
  `,
  `
  -- Contents that no record named and that are being removed, or were not long ago: a record that names one meanwhile waits
  -- for it, whatever the content store says.
  CREATE TABLE content_removal (
    digest bytea PRIMARY KEY,
    state smallint NOT NULL,
    until bigint NOT NULL
  );
  CREATE INDEX content_removal_until ON content_removal (until);
  `,
  `
  -- The bearer tokens; of their secrets the SHA-256 alone. No namespaces stand for all of them.
  CREATE TABLE access_token (
    number bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    id text NOT NULL UNIQUE,
    hash bytea NOT NULL,
    name text NOT NULL,
    scope text NOT NULL,
    namespaces text,
    created_at bigint NOT NULL,
    expires_at bigint,
    revoked_at bigint,
    last_used_at bigint
  );

  -- Keys that the processes on this store share, to know again what another one has signed.
  CREATE TABLE shared_key (
    name text PRIMARY KEY,
    key bytea NOT NULL
  );
  `,
  `
  -- Contents that the registry itself is to fetch for records that wait for them, and until when somebody has claimed to.
  CREATE TABLE content_source (
    arrival bigint NOT NULL,
    digest bytea NOT NULL,
    urls text NOT NULL,
    claimed_until bigint NOT NULL,
    PRIMARY KEY (arrival, digest)
  );
  CREATE INDEX content_source_claimed ON content_source (claimed_until, arrival, digest);
  `,
  `
  -- One row: which process sequences, and until when unless it says so again.
  CREATE TABLE sequencer_lease (
    id smallint PRIMARY KEY CHECK (id = 1),
    holder text NOT NULL,
    term bigint NOT NULL,
    ends_at timestamptz NOT NULL
  );
  INSERT INTO sequencer_lease (id, holder, term, ends_at) VALUES (1, '', 0, '-infinity');
  `,
  `
  -- What an index holds has a limit of some 2,700 bytes; versions and namespaces of other registries have none. Where one
  -- is long, its key is its hash (see long-texts.ts), and the text itself stands beside it.
  ALTER TABLE log_release ADD COLUMN long_version text;
  UPDATE log_release
    SET long_version = version, version = ' sha256:' || encode(sha256(convert_to(version, 'UTF8')), 'hex')
    WHERE octet_length(version) > 255;
  ALTER TABLE log_namespace ADD COLUMN long_namespace text;
  UPDATE log_namespace
    SET long_namespace = namespace, namespace = ' sha256:' || encode(sha256(convert_to(namespace, 'UTF8')), 'hex')
    WHERE octet_length(namespace) > 255;
  `,
];
