/**
 * The HTTP contract that registries and their clients share: paths, headers, and for each message its type, a
 * strict decoder and an encoder that writes the reference's text byte for byte.
 */
export { DecodeError, type DecodeErrorCode, EncodeError, type U64 } from '../json/index.ts';
export { type AccessToken, accessTokenPrefix, formatAccessToken, parseAccessToken } from './access-token.ts';
export {
  ApiError,
  type ApiErrorCode,
  apiError,
  bundleFailure,
  checkpointNotFound,
  contentDigestNotFound,
  contentWithdrawn,
  fetchTokenNotFound,
  incorrectProof,
  invalidBody,
  leafNotFound,
  logNotFound,
  namespaceConflict,
  namespaceImported,
  namespaceNotFound,
  notSupported,
  packageLogNotIncluded,
  packageNameConflict,
  packageNameNotFound,
  pendingPublishConflict,
  recordNotFound,
  recordNotSourcing,
  rejection,
  unauthorized,
} from './api-error.ts';
export {
  type CheckpointVerificationResponse,
  decodeCheckpointVerificationResponse,
  decodeSignedCheckpoint,
  encodeCheckpointVerificationResponse,
  encodeSignedCheckpoint,
  type SignedCheckpoint,
  type VerificationState,
} from './checkpoint.ts';
export {
  type ContentSource,
  type ContentSources,
  type ContentSourcesResponse,
  decodeContentSourcesResponse,
  encodeContentSourcesResponse,
} from './content.ts';
export type { ApiErrorCase, ApiErrorVariant } from './error-cases.ts';
export { decodeApiError, decodeErrorBody, type ErrorFamily, encodeApiError } from './error-json.ts';
export {
  decodeFetchLogsRequest,
  decodeFetchLogsResponse,
  decodeFetchPackageNamesRequest,
  decodeFetchPackageNamesResponse,
  encodeFetchLogsRequest,
  encodeFetchLogsResponse,
  encodeFetchPackageNamesRequest,
  encodeFetchPackageNamesResponse,
  type FetchLogsRequest,
  type FetchLogsResponse,
  type FetchPackageNamesRequest,
  type FetchPackageNamesResponse,
  type FetchWarning,
  type PublishedRecord,
} from './fetch.ts';
export {
  contentTypes,
  features,
  formatRegistryHint,
  headers,
  parseFeatures,
  parseRegistryHint,
  type RegistryHint,
} from './headers.ts';
export {
  decodeLedgerRecords,
  decodeLedgerSourcesResponse,
  encodeLedgerRecords,
  encodeLedgerSourcesResponse,
  type LedgerRecord,
  type LedgerSource,
  type LedgerSourceContentType,
  type LedgerSourcesResponse,
} from './ledger.ts';
export { limits } from './limits.ts';
export {
  decodeAsWritten,
  decodeMessage,
  encodeMessage,
  type MessageName,
  type Messages,
  messageNames,
} from './messages.ts';
export {
  decodePackageRecordResponse,
  decodePublishRecordRequest,
  encodePackageRecordResponse,
  encodePublishRecordRequest,
  type MissingContent,
  type PackageRecordResponse,
  type PackageRecordState,
  type PublishRecordRequest,
  type UploadEndpoint,
} from './package.ts';
export { paths } from './paths.ts';
export {
  type AbsenceRequest,
  type AbsenceResponse,
  type ConsistencyRequest,
  type ConsistencyResponse,
  decodeAbsenceRequest,
  decodeAbsenceResponse,
  decodeConsistencyRequest,
  decodeConsistencyResponse,
  decodeInclusionRequest,
  decodeInclusionResponse,
  encodeAbsenceRequest,
  encodeAbsenceResponse,
  encodeConsistencyRequest,
  encodeConsistencyResponse,
  encodeInclusionRequest,
  encodeInclusionResponse,
  type InclusionRequest,
  type InclusionResponse,
} from './proof.ts';
export {
  decodeProvedLogResponse,
  encodeProvedLogResponse,
  formatProvedLogRequest,
  type ProvedLogRequest,
  type ProvedLogResponse,
  type ProvedRecords,
  parseProvedLogRequest,
} from './proved.ts';
export type { JsonInput, StrictValues, WireValues } from './values.ts';
export {
  decodeRegistryDocument,
  decodeWellKnownConfig,
  encodeRegistryDocument,
  encodeWellKnownConfig,
  type RegistryDocument,
  type WellKnownConfig,
} from './well-known.ts';
