// All messages by name, for what handles any of them alike: conformance, proxies, recorders.

import { parseJson, STRICT_ROOT, WIRE_ROOT } from '../json/index.ts';
import {
  type CheckpointVerificationResponse,
  checkpointVerificationResponseForm,
  type SignedCheckpoint,
  signedCheckpointForm,
  type VerificationState,
  verificationStateForm,
} from './checkpoint.ts';
import {
  type ContentSource,
  type ContentSourcesResponse,
  contentSourceForm,
  contentSourcesResponseForm,
} from './content.ts';
import {
  type FetchLogsRequest,
  type FetchLogsResponse,
  type FetchPackageNamesRequest,
  type FetchPackageNamesResponse,
  type FetchWarning,
  fetchLogsRequestForm,
  fetchLogsResponseForm,
  fetchPackageNamesRequestForm,
  fetchPackageNamesResponseForm,
  fetchWarningForm,
  type PublishedRecord,
  publishedRecordForm,
} from './fetch.ts';
import {
  type LedgerSource,
  type LedgerSourceContentType,
  type LedgerSourcesResponse,
  ledgerSourceContentTypeForm,
  ledgerSourceForm,
  ledgerSourcesResponseForm,
} from './ledger.ts';
import {
  type MissingContent,
  missingContentForm,
  type PackageRecordResponse,
  type PackageRecordState,
  type PublishRecordRequest,
  packageRecordResponseForm,
  packageRecordStateForm,
  publishRecordRequestForm,
  type UploadEndpoint,
  uploadEndpointForm,
} from './package.ts';
import {
  type AbsenceRequest,
  type AbsenceResponse,
  absenceRequestForm,
  absenceResponseForm,
  type ConsistencyRequest,
  type ConsistencyResponse,
  consistencyRequestForm,
  consistencyResponseForm,
  type InclusionRequest,
  type InclusionResponse,
  inclusionRequestForm,
  inclusionResponseForm,
} from './proof.ts';
import { type ProvedLogResponse, provedLogResponseForm } from './proved.ts';
import type { JsonInput, MessageForm, StrictValues, WireValues } from './values.ts';
import { type WellKnownConfig, wellKnownConfigForm } from './well-known.ts';

/** All messages of the API, and those of their parts that stand for themselves, by name. */
export interface Messages<V extends WireValues = StrictValues> {
  readonly WellKnownConfig: WellKnownConfig;
  readonly SignedCheckpoint: SignedCheckpoint<V>;
  readonly VerificationState: VerificationState;
  readonly CheckpointVerificationResponse: CheckpointVerificationResponse;
  readonly FetchLogsRequest: FetchLogsRequest<V>;
  readonly FetchLogsResponse: FetchLogsResponse<V>;
  readonly FetchWarning: FetchWarning;
  readonly PublishedRecord: PublishedRecord<V>;
  readonly FetchPackageNamesRequest: FetchPackageNamesRequest<V>;
  readonly FetchPackageNamesResponse: FetchPackageNamesResponse<V>;
  readonly ContentSource: ContentSource<V>;
  readonly ContentSourcesResponse: ContentSourcesResponse<V>;
  readonly PublishRecordRequest: PublishRecordRequest<V>;
  readonly UploadEndpoint: UploadEndpoint;
  readonly MissingContent: MissingContent;
  readonly PackageRecordState: PackageRecordState<V>;
  readonly PackageRecordResponse: PackageRecordResponse<V>;
  readonly InclusionRequest: InclusionRequest<V>;
  readonly InclusionResponse: InclusionResponse;
  readonly ConsistencyRequest: ConsistencyRequest<V>;
  readonly ConsistencyResponse: ConsistencyResponse;
  readonly AbsenceRequest: AbsenceRequest<V>;
  readonly AbsenceResponse: AbsenceResponse;
  readonly ProvedLogResponse: ProvedLogResponse<V>;
  readonly LedgerSource: LedgerSource<V>;
  readonly LedgerSourceContentType: LedgerSourceContentType;
  readonly LedgerSourcesResponse: LedgerSourcesResponse<V>;
}

/** The name of a message. */
export type MessageName = keyof Messages;

const FORMS: { readonly [N in MessageName]: MessageForm<Messages<WireValues>[N]> } = {
  WellKnownConfig: wellKnownConfigForm,
  SignedCheckpoint: signedCheckpointForm,
  VerificationState: verificationStateForm,
  CheckpointVerificationResponse: checkpointVerificationResponseForm,
  FetchLogsRequest: fetchLogsRequestForm,
  FetchLogsResponse: fetchLogsResponseForm,
  FetchWarning: fetchWarningForm,
  PublishedRecord: publishedRecordForm,
  FetchPackageNamesRequest: fetchPackageNamesRequestForm,
  FetchPackageNamesResponse: fetchPackageNamesResponseForm,
  ContentSource: contentSourceForm,
  ContentSourcesResponse: contentSourcesResponseForm,
  PublishRecordRequest: publishRecordRequestForm,
  UploadEndpoint: uploadEndpointForm,
  MissingContent: missingContentForm,
  PackageRecordState: packageRecordStateForm,
  PackageRecordResponse: packageRecordResponseForm,
  InclusionRequest: inclusionRequestForm,
  InclusionResponse: inclusionResponseForm,
  ConsistencyRequest: consistencyRequestForm,
  ConsistencyResponse: consistencyResponseForm,
  AbsenceRequest: absenceRequestForm,
  AbsenceResponse: absenceResponseForm,
  ProvedLogResponse: provedLogResponseForm,
  LedgerSource: ledgerSourceForm,
  LedgerSourceContentType: ledgerSourceContentTypeForm,
  LedgerSourcesResponse: ledgerSourcesResponseForm,
};

/** All names of messages. */
export const messageNames = Object.keys(FORMS) as readonly MessageName[];

/**
 * Reads a message by its name, as its own decoder does.
 *
 * @throws DecodeError
 */
export function decodeMessage<N extends MessageName>(name: N, input: JsonInput): Messages[N] {
  const form: MessageForm<Messages<WireValues>[N]> = FORMS[name];
  return form.read(parseJson(input, form), STRICT_ROOT) as Messages[N];
}

/**
 * Reads a message with all that the wire can carry: integers up to 2^64−1 (bigint beyond 2^53−1) and hashes of any
 * length. Servers and clients call the decoder of the message instead (`decodeFetchLogsRequest` …): it refuses
 * what no real registry writes, so that a length is a number and a log id has 64 digits.
 *
 * @throws DecodeError
 */
export function decodeAsWritten<N extends MessageName>(name: N, input: JsonInput): Messages<WireValues>[N] {
  const form = FORMS[name];
  return form.read(parseJson(input, form), WIRE_ROOT);
}

/** Writes a message by its name. */
export function encodeMessage<N extends MessageName>(name: N, message: Messages<WireValues>[N]): string {
  return FORMS[name].write(message);
}
