import { WargError } from '@warg/crypto';

/** Why another registry is not taken over. */
export type ImportErrorCode =
  /** It does not answer, or says no. */
  | 'IMPORT_SOURCE_UNAVAILABLE'
  /** It answers something that is not of the protocol. */
  | 'IMPORT_ANSWER_INVALID'
  /** The key that is given may not sign for it. */
  | 'IMPORT_OPERATOR_MISMATCH'
  /** Its operator log was begun by another key than ours, and nobody has said that this is the one that is meant. */
  | 'IMPORT_OPERATOR_LOG_UNKNOWN'
  /** Its checkpoint is not signed by a key that may. */
  | 'IMPORT_CHECKPOINT_INVALID'
  /** Its ledger does not lead to the root that it signed. */
  | 'IMPORT_LEDGER_MISMATCH'
  /** A record is not the one that the ledger names, or does not fit where it stands. */
  | 'IMPORT_RECORD_MISMATCH'
  /** The records do not lead to the root of the map that it signed. */
  | 'IMPORT_MAP_MISMATCH'
  /** The store, or what is known to have been signed last, is of another history. */
  | 'IMPORT_OTHER_HISTORY'
  /** Somebody else wrote to the store meanwhile. */
  | 'IMPORT_STORE_CHANGED'
  | 'IMPORT_CONTENT_UNAVAILABLE';

/** An import that was refused or broken off. Nothing of it is in the log of this registry; contents that came are kept. */
export class ImportError extends WargError {
  declare readonly code: ImportErrorCode;
  override readonly name = 'ImportError';

  constructor(code: ImportErrorCode, message: string, options?: ErrorOptions) {
    super(code, message, options);
  }
}
