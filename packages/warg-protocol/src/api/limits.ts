const KIB = 1024;
const MIB = 1024 * KIB;

/**
 * The most that one message may hold. Decoders enforce the lengths of bodies (`…Body`, `…Answer`, in bytes); what
 * a well-formed request may ask for is the server's to check, because the answer has a status of its own.
 */
export const limits = {
  /** The longest contents of one record, in bytes: over 20,000 releases. */
  recordContents: 768 * KIB,
  /** `POST v1/package/{logId}/record`: contents in base64 (1 MiB), and room for content sources. */
  publishRecordBody: 2 * MIB,
  /** `POST v1/fetch/logs`: 10,000 log ids with long fetch tokens. */
  fetchLogsBody: 4 * MIB,
  /** The Rust client's `update` asks for all its logs in one request. */
  fetchLogsPackages: 10_000,
  /** How many records of one log a request may ask for. */
  fetchLogsLimit: { min: 1, max: 1000, default: 100 },
  /** Where a server stops to fill an answer and says `more: true`. */
  fetchLogsAnswerTarget: 8 * MIB,
  /** What a client still reads. Other servers have no target, so this is generous. */
  fetchLogsAnswer: 64 * MIB,
  /** The longest fetch token, in characters, where one stands in a URL. */
  fetchToken: 1024,
  /** Where a server stops to fill an answer of `GET v1/proved/…` and says `more: true`: caches like them small. */
  provedAnswerTarget: 1 * MIB,
  /** The target and one record of each log beyond it. */
  provedAnswer: 8 * MIB,
  /** `POST v1/fetch/names` */
  fetchNamesBody: 1 * MIB,
  /** Of more log ids than these the server answers the first ones. */
  fetchNamesPackages: 1000,
  fetchNamesAnswer: 1 * MIB,
  /** `POST v1/proof/inclusion` */
  inclusionBody: 1 * MIB,
  /** The heads of as many packages as one fetch may name, and of the operator log. */
  inclusionLeafs: 10_001,
  inclusionAnswer: 64 * MIB,
  /** `POST v1/proof/consistency` */
  consistencyBody: 4 * KIB,
  consistencyAnswer: 1 * MIB,
  /** `POST v1/proof/absence` */
  absenceBody: 128 * KIB,
  absenceLogIds: 1000,
  absenceAnswer: 16 * MIB,
  /** `POST v1/verify/checkpoint`, and the answer of `GET v1/fetch/checkpoint` */
  checkpoint: 16 * KIB,
  /** The states of a record, sources of content, the ledger, warnings: answers of modest size. */
  answer: 1 * MIB,
  /** The records of one packed part of the ledger, 64 bytes each. */
  ledgerRecords: 1000,
  wellKnown: 64 * KIB,
  /** What is read of the body of an error. */
  errorBody: 64 * KIB,
} as const;
