import { WargError } from '@warg/crypto';

/** Everything that can be wrong with a proof bundle. The names never change their meaning. */
export type ProofErrorCode =
  /** The bytes are not an encoding of a bundle. */
  | 'INVALID_BUNDLE'
  /** More bytes, proofs or hashes than any honest bundle has. */
  | 'BUNDLE_TOO_LARGE'
  /** A hash that is not 32 bytes long. */
  | 'INVALID_HASH_LENGTH'
  /** More than 256 siblings for one key of the map. */
  | 'TOO_MANY_PEERS'
  /** The hashes of a log bundle do not stand in the order of their node numbers. */
  | 'UNSORTED_HASHES'
  /** A node of the log is given twice. */
  | 'DUPLICATE_HASH'
  /** More or fewer proofs than were asked for. */
  | 'PROOF_COUNT_MISMATCH'
  /** The bundle speaks of another length of the log. */
  | 'LOG_LENGTH_MISMATCH'
  /** The bundle proves consistency with another old length. */
  | 'OLD_LENGTH_MISMATCH'
  /** The bundle proves the inclusion of another leaf. */
  | 'LEAF_INDEX_MISMATCH'
  /** A hash that a walk to the root needs is not there. */
  | 'MISSING_HASH'
  /** A hash that the root of the old log is made of is not there. */
  | 'MISSING_OLD_HASH'
  /** A hash that no proof of the bundle needs. */
  | 'UNUSED_HASH'
  /** The leaf is newer than the log. */
  | 'LEAF_BEYOND_LOG'
  /** The old length is greater than the new one. */
  | 'LENGTHS_OUT_OF_ORDER'
  /** Consistency with an empty log: every log has it, and there is nothing to evaluate. */
  | 'EMPTY_OLD_LOG'
  /** The parts of one consistency proof lead to different roots. */
  | 'DIVERGING_ROOTS'
  /** The bundle has more inclusion proofs than leaves were given. */
  | 'MISSING_LEAF'
  /** The proof leads to another root than the trusted one. */
  | 'ROOT_MISMATCH'
  /** The proof leads to another old root than the trusted one. */
  | 'OLD_ROOT_MISMATCH';

/** A proof that proves nothing: its bytes, its shape or its hashes are wrong. */
export class ProofError extends WargError {
  declare readonly code: ProofErrorCode;
  /** Which of the expected leaves, old lengths, keys or entries the error is about, from 0. */
  readonly position: number | undefined;

  constructor(code: ProofErrorCode, message: string, options?: ErrorOptions & { position?: number }) {
    super(code, message, options);
    this.position = options?.position;
  }
}

/** Everything that can go wrong with a tree and its store. */
export type TransparencyErrorCode =
  /** An argument that no caller should pass. */
  | 'INVALID_ARGUMENT'
  /** A bundle of no proofs was asked for. */
  | 'EMPTY_PROOF'
  /** The log never had this length. */
  | 'LENGTH_BEYOND_LOG'
  /** The leaf is newer than the length it should be proved at. */
  | 'LEAF_BEYOND_LOG'
  /** The old length is greater than the new one. */
  | 'LENGTHS_OUT_OF_ORDER'
  /** One bundle proves things about one length. */
  | 'LENGTHS_DIFFER'
  /** A log ends below 2^31 leaves: node numbers are 32 bits on the wire. */
  | 'LOG_FULL'
  /** Somebody else has appended to the stored log. */
  | 'LOG_CONFLICT'
  /** A stored tile is missing or cannot be what was written. */
  | 'CORRUPT_TILE'
  /** A stored page is not what was written. */
  | 'CORRUPT_PAGE'
  /** A page is not stored: the root is older than the proofs that are kept, or was never committed. */
  | 'PAGE_NOT_FOUND'
  /** Presence was to be proved of a key that is not in the map. */
  | 'KEY_NOT_FOUND'
  /** Absence was to be proved of a key that is in the map. */
  | 'KEY_FOUND'
  /** The hash of the empty leaf stands for "no entry" and cannot be an entry. */
  | 'EMPTY_LEAF';

/** Misuse of a tree, or a store that does not give back what was put into it. */
export class TransparencyError extends WargError {
  declare readonly code: TransparencyErrorCode;

  constructor(code: TransparencyErrorCode, message: string, options?: ErrorOptions) {
    super(code, message, options);
  }
}
