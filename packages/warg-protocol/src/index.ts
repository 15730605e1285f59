export { encodeLeb128, encodePrefixedText } from './bytes/leb128.ts';
export {
  type Checkpoint,
  checkpointBytes,
  checkpointId,
  type SignedCheckpoint,
  signCheckpoint,
  type TimestampedCheckpoint,
  timestampedCheckpointBytes,
  verifyCheckpointSignature,
  type WireCheckpoint,
  type WireSignedCheckpoint,
  type WireTimestampedCheckpoint,
} from './checkpoints/checkpoint.ts';
export {
  decodeCheckpoint,
  decodeSignedCheckpoint,
  decodeTimestampedCheckpoint,
  decodeWireCheckpoint,
  decodeWireSignedCheckpoint,
  decodeWireTimestampedCheckpoint,
  encodeCheckpoint,
  encodeSignedCheckpoint,
  encodeTimestampedCheckpoint,
} from './checkpoints/checkpoint-json.ts';
export {
  decodeEnvelope,
  type Envelope,
  encodeEnvelope,
  MAX_ENVELOPE_BYTES,
  type PublishedEnvelope,
} from './envelopes/envelope.ts';
export {
  decodeEnvelopeJson,
  decodeIndexedEnvelopeJson,
  type EnvelopeJson,
  encodeEnvelopeJson,
  encodeIndexedEnvelopeJson,
  envelopeFromJson,
  envelopeToJson,
  type IndexedEnvelope,
} from './envelopes/envelope-json.ts';
export {
  signOperatorRecord,
  signPackageRecord,
  type VerifiedSignature,
  verifyOperatorEnvelope,
  verifyOperatorEnvelopeAsync,
  verifyPackageEnvelope,
  verifyPackageEnvelopeAsync,
  vouchForVerified,
} from './envelopes/signing.ts';
export {
  IdError,
  NameError,
  RecordError,
  type RecordErrorCode,
  StateError,
  ValidationError,
  type ValidationErrorCode,
  type ValidationFailure,
  VersionError,
} from './errors.ts';
export {
  type HashText,
  type LogId,
  mapKeyBytes,
  OPERATOR_LOG_ID,
  operatorLogIdBytes,
  operatorRecordId,
  packageLogId,
  packageLogIdBytes,
  packageNameBytes,
  packageRecordId,
  parseHashText,
  parseLogId,
  parseRecordId,
  type RecordId,
} from './ids.ts';
export { decodeLogLeaf, decodeWireLogLeaf, encodeLogLeaf, type WireLogLeaf } from './ids-json.ts';
export { DecodeError, type DecodeErrorCode, EncodeError, type U64 } from './json/index.ts';
export { type LogLeaf, logLeafBytes, mapLeafBytes } from './leaves.ts';
export {
  baseNameOf,
  isNamespace,
  isPackageName,
  type Namespace,
  namespaceOf,
  type PackageName,
  parseNamespace,
  parsePackageName,
} from './names/package-name.ts';
export {
  decodeOperatorRecord,
  encodeOperatorRecord,
  OPERATOR_PERMISSIONS,
  type OperatorEntry,
  type OperatorPermission,
  type OperatorRecord,
} from './records/operator-record.ts';
export {
  decodePackageRecord,
  encodePackageRecord,
  PACKAGE_PERMISSIONS,
  type PackageEntry,
  type PackagePermission,
  type PackageRecord,
  type ScannedPackageRecord,
  scanPackageRecord,
} from './records/package-record.ts';
export { RECORD_VERSION, type RecordFrame } from './records/record-frame.ts';
export { MAX_RECORD_BYTES } from './records/record-message.ts';
export {
  compareTimestamps,
  type Timestamp,
  timestampFromMillis,
  timestampToMillis,
} from './records/timestamp.ts';
export type { LogHead, LogState } from './state/log-draft.ts';
export {
  emptyOperatorState,
  maySignCheckpoints,
  type NamespaceState,
  type OperatorState,
  type ValidatedOperatorRecord,
  validateOperator,
  validateOperatorLog,
  validateOperatorLogAsync,
  validateOperatorRecord,
} from './state/operator-state.ts';
export { decodeOperatorState, encodeOperatorState } from './state/operator-state-json.ts';
export {
  emptyPackageState,
  findLatestRelease,
  type PackageState,
  type Release,
  type ReleaseState,
  type ValidatedPackageRecord,
  validatePackage,
  validatePackageLog,
  validatePackageLogAsync,
  validatePackageRecord,
} from './state/package-state.ts';
export { decodePackageState, encodePackageState } from './state/package-state-json.ts';
export {
  type Comparator,
  type ComparatorOp,
  formatVersionRequirement,
  matchesRequirement,
  parseVersionRequirement,
  type VersionRequirement,
} from './versions/requirement.ts';
export {
  comparePrecedence,
  compareVersions,
  formatVersion,
  isVersion,
  parseVersion,
  type Version,
  type VersionParts,
  versionParts,
} from './versions/version.ts';
