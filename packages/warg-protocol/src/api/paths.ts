/**
 * The paths of the API, relative to the registry's URL. Given route parameters instead of ids they make routes:
 * `paths.record(':logId', ':recordId')`.
 */
export const paths = {
  /** GET, answered by a SignedCheckpoint. */
  fetchCheckpoint: () => 'v1/fetch/checkpoint',
  /** POST FetchLogsRequest, answered by FetchLogsResponse. */
  fetchLogs: () => 'v1/fetch/logs',
  /**
   * GET, answered by ProvedLogResponse; `formatProvedLogRequest` writes it with its query. Other servers do not have it.
   *
   * @param place `{logId}@{logLength}`
   */
  provedLog: (place: string) => `v1/proved/${place}`,
  /** POST FetchPackageNamesRequest, answered by FetchPackageNamesResponse. */
  fetchNames: () => 'v1/fetch/names',
  /** POST PublishRecordRequest, answered by PackageRecordResponse with 202. */
  publishRecord: (logId: string) => `v1/package/${logId}/record`,
  /** GET, answered by PackageRecordResponse. */
  record: (logId: string, recordId: string) => `v1/package/${logId}/record/${recordId}`,
  /** POST raw bytes, answered by 201. Clients take this URL from the record's missing content. */
  recordContent: (logId: string, recordId: string, digest: string) =>
    `v1/package/${logId}/record/${recordId}/content/${digest}`,
  /** POST without a body, answered by 201: the content was put to the other place that was offered. Other servers do not have it. */
  completeContent: (logId: string, recordId: string, digest: string) =>
    `v1/package/${logId}/record/${recordId}/content/${digest}/complete`,
  /** GET, answered by ContentSourcesResponse. */
  content: (digest: string) => `v1/content/${digest}`,
  /** POST InclusionRequest, answered by InclusionResponse. */
  proveInclusion: () => 'v1/proof/inclusion',
  /** POST ConsistencyRequest, answered by ConsistencyResponse. */
  proveConsistency: () => 'v1/proof/consistency',
  /** POST AbsenceRequest, answered by AbsenceResponse. Other servers do not have it. */
  proveAbsence: () => 'v1/proof/absence',
  /** POST SignedCheckpoint, answered by CheckpointVerificationResponse. */
  verifyCheckpoint: () => 'v1/verify/checkpoint',
  /** GET, answered by LedgerSourcesResponse. */
  ledger: () => 'v1/ledger',
  /** GET, answered by packed records from registry index `start` on. */
  ledgerRecords: (start: number | string) => `v1/ledger/records/${start}`,
  /** GET, answered by a registry document. At the root of a domain, not below the registry's URL. */
  wellKnownWasmPkg: () => '.well-known/wasm-pkg/registry.json',
  /** The older place of the registry document. */
  wellKnownWarg: () => '.well-known/warg/registry.json',
} as const;
