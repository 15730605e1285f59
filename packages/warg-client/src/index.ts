export { WargClient } from './client.ts';
export type {
  ContentCache,
  ContentDestination,
  ContentInput,
  ContentSink,
  OpenableContent,
} from './content/content.ts';
export { ClientError, type ClientErrorCode, type ClientErrorDetails, isClientError } from './errors.ts';
export type { Answer, AnswerBody, AnswerReader, Exchange, Question } from './http/exchange.ts';
export { defaultLimits, type Limits } from './limits.ts';
export type {
  Auth,
  CallOptions,
  DownloadOptions,
  FetchFunction,
  OpenOptions,
  PackagePermission,
  ProgressEvent,
  PublishEntry,
  PublishOptions,
  PublishRequest,
  ReadOptions,
  ResetOptions,
  Signer,
  WaitOptions,
  Wanted,
} from './options.ts';
export type { PendingPublishes } from './publish/pending.ts';
export type {
  AbsentPackage,
  Assurance,
  DownloadResult,
  OperatorInfo,
  OperatorPin,
  PackageInfo,
  PendingPublish,
  PublishResult,
  ReleaseInfo,
  ResetResult,
  Resolution,
  StoredPublishEntry,
  UpdateResult,
  Verified,
} from './results.ts';
export { type MemoryStorageOptions, memoryStorage } from './storage/memory.ts';
export type { ClientStorage, RegistryStorage, StorageSnapshot } from './storage/storage.ts';
export {
  type Evidence,
  encodeEvidence,
  parseEvidence,
  type VerifiedEvidence,
  verifyEvidence,
} from './verify/evidence.ts';
export type { KnownHead, LogAnswer, VerifiedLog } from './verify/log.ts';
export type { Operator, Pin } from './verify/operator.ts';
export type { HeadLeaf, InclusionAnswer } from './verify/proofs.ts';
export {
  headsToProve,
  type RegistryAnswers,
  type Trust,
  type VerifiedRegistry,
  verifyRegistry,
  verifyRegistryAsync,
} from './verify/registry.ts';
