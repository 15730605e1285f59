/** What can be wrong with a stored registry. */
export type FindingCode =
  /** A registry index below the newest checkpoint has no record, or one that is not published. */
  | 'RECORD_MISSING'
  /** A record is stored under an id that is not the hash of its bytes. */
  | 'RECORD_ID_MISMATCH'
  /** A record does not follow from those before it: its signature, its rights, its order. */
  | 'RECORD_INVALID'
  /** The records do not add up to the root that a checkpoint signs. */
  | 'LOG_ROOT_MISMATCH'
  | 'MAP_ROOT_MISMATCH'
  /** The stored hashes, from which proofs are made, are not those of the records. */
  | 'LOG_TILE_MISMATCH'
  | 'MAP_PAGE_DAMAGED'
  /** Numbers, lengths or times of checkpoints are out of order. */
  | 'CHECKPOINT_ORDER'
  /** A checkpoint is not signed by a key that could sign it. */
  | 'CHECKPOINT_SIGNATURE'
  /** What is stored of a log's state is not what its records add up to. */
  | 'STATE_MISMATCH'
  | 'NAME_MISMATCH'
  /** The note of the log does not say what the checkpoint of its length says. */
  | 'NOTE_MISMATCH'
  /** It is not signed by the log's key. */
  | 'NOTE_SIGNATURE'
  | 'CONTENT_MISSING'
  | 'CONTENT_DAMAGED'
  /** Something cannot be read at all. */
  | 'UNREADABLE';

/** Something that is wrong with a stored registry. */
export interface Finding {
  readonly code: FindingCode;
  /** Which one: `record 17 (sha256:…)`, `checkpoint 3`, `log sha256:…`. */
  readonly where: string;
  /** What was expected, and what was found. */
  readonly message: string;
}

/** Takes findings as they come. */
export type Report = (finding: Finding) => void;

/** What an error says, in one line. */
export function messageOf(error: unknown): string {
  return (error instanceof Error ? error.message : String(error)).split('\n')[0]!;
}
