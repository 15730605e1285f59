// The structured records of the vectors (records-*.json, state-*.json) and the records of @warg/protocol, one as the
// other. Only names and number formats differ.

import type { OperatorRecord, PackageRecord, Timestamp } from '@warg/protocol';

// biome-ignore lint/suspicious/noExplicitAny: vectors are untyped JSON
type Json = any;

export function toTimestamp(timestamp: Json): Timestamp {
  return { seconds: BigInt(timestamp.seconds), nanos: timestamp.nanos };
}

/** A record as a vector writes it, for the encoder. */
export function toRecord<R extends PackageRecord | OperatorRecord>(record: Json): R {
  const { prev, version, timestamp, entries } = record;
  return {
    prev: prev ?? undefined,
    version,
    time: toTimestamp(timestamp),
    entries: entries.map(({ contentHash, ...entry }: Json) =>
      entry.type === 'release' ? { ...entry, content: contentHash } : entry,
    ),
  } as Json;
}

/** A decoded record as a vector writes it. */
export function fromRecord(record: PackageRecord | OperatorRecord): Json {
  const { prev, version, time, entries } = record;
  return {
    prev: prev ?? null,
    version,
    timestamp: { seconds: String(time.seconds), nanos: time.nanos },
    entries: (entries as Json[]).map(({ content, ...entry }) =>
      entry.type === 'release' ? { ...entry, contentHash: content } : entry,
    ),
  };
}
