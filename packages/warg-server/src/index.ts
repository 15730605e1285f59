export {
  type ByteRange,
  ContentError,
  type ContentErrorCode,
  type ContentStaging,
  type ContentStore,
  type StoredContent,
} from './content/content-store.ts';
export { fileContentStore } from './content/file-content.ts';
export { memoryContentStore } from './content/memory-content.ts';
export {
  type CredentialSource,
  dockerCredentials,
  type OciCredentials,
} from './content/oci/docker-config.ts';
export { type OciOptions, ociContentStore } from './content/oci/oci-content.ts';
export type { Patience } from './content/remote/exchange.ts';
export { type S3Credentials, type S3Options, s3ContentStore } from './content/s3/s3-content.ts';
export {
  createRegistry,
  memoryStore,
  OptionError,
  postgresStore,
  type Registry,
  type RegistryOptions,
  sqliteStore,
} from './create-registry.ts';
export { type CheckRegistryOptions, checkRegistry } from './fsck/check-registry.ts';
export type { CheckProgress, CheckSummary } from './fsck/check-store.ts';
export type { Finding, FindingCode } from './fsck/findings.ts';
export type { AccessOptions } from './http/access/access.ts';
export type { HttpAnswer } from './http/answers.ts';
export type { DirectDoor, DirectEndpoint, DirectRequest } from './http/direct-door.ts';
export {
  type FetchHandler,
  type ListenOptions,
  type RunningServer,
  type SocketLimits,
  serve,
} from './http/node-server.ts';
export type { RateLimit } from './http/rate-limiter.ts';
export type { RateLimits } from './http/rate-limits.ts';
export type { BodyTimeouts } from './http/request-body.ts';
export type { RequestContext } from './http/request-context.ts';
export { generateLogKey, LogKey, LogKeyError, parseLogKey } from './log-note/log-key.ts';
export { AuthorizedKeysError, parseAuthorizedKeys } from './policy/authorized-keys.ts';
export type { ContentPolicy, PolicedContent } from './policy/content/content-policy.ts';
export {
  type WasmKind,
  type WasmPolicyOptions,
  wasmContentPolicy,
} from './policy/content/wasm-policy.ts';
export type {
  Clock,
  NamespaceDefinition,
  NamespaceState,
  RecordPolicy,
  RegistryLimits,
  RegistryLog,
  RegistryRole,
  RestoreOptions,
  StoreLocation,
} from './registry/core-options.ts';
export { RegistryError, type RegistryErrorCode } from './registry/errors.ts';
export { commandSigner, SignerError } from './sequencer/command-signer.ts';
export type { OperatorSigner } from './sequencer/signer.ts';
export type { SourceGuard } from './sources/guarded-fetch.ts';
export { StoreError, type StoreErrorCode } from './store/errors.ts';
