// The errors that a registry answers with. The names of the variants are the reference's, and so are the messages,
// which both ends make from the fields: only those in `Message`, `Unauthorized` and their kin travel as words.

import type { HashText } from '../ids.ts';
import type { U64 } from '../json/index.ts';

/** One error of the API. What {@link import('./api-error.ts').ApiError} is made of. */
export type ApiErrorCase =
  /** 404: no checkpoint has this length. Asked for logs and for proofs, the reference says it in other words. */
  | {
      readonly variant: 'CheckpointNotFound';
      readonly id: U64;
      readonly asked?: 'logs' | 'proof' | undefined;
    }
  | { readonly variant: 'LogNotFound'; readonly id: HashText }
  | { readonly variant: 'RecordNotFound'; readonly id: HashText }
  | { readonly variant: 'FetchTokenNotFound'; readonly id: string }
  | { readonly variant: 'ContentDigestNotFound'; readonly id: HashText }
  | { readonly variant: 'LeafNotFound'; readonly id: U64 }
  /** 404: the namespace is neither defined here nor imported. */
  | { readonly variant: 'NamespaceNotDefined'; readonly id: string }
  /** 404: no package has this name. Other implementations cannot read it. */
  | { readonly variant: 'PackageNameNotFound'; readonly id: string }
  /** 409: another registry has the namespace. */
  | { readonly variant: 'NamespaceImported'; readonly id: string }
  /** 409: another record is already pending behind the same head. */
  | { readonly variant: 'ConflictPendingPublish'; readonly id: HashText }
  /** 409: a name that differs from this one by case alone exists. Other implementations cannot read it. */
  | { readonly variant: 'PackageNameConflict'; readonly id: string }
  /** 409: a namespace that differs by case alone exists. Other implementations cannot read it. */
  | { readonly variant: 'NamespaceConflict'; readonly id: string }
  /** 451: the registry withdrew the content, for reasons that it tells. Other implementations read a mere message. */
  | { readonly variant: 'ContentWithdrawn'; readonly id: HashText; readonly reason: string }
  /** 405: content for a record that waits for none. */
  | { readonly variant: 'RecordNotSourcing' }
  /** 401 */
  | { readonly variant: 'Unauthorized'; readonly detail: string }
  /** 422: the registry's policy refuses the package. */
  | { readonly variant: 'Rejection'; readonly detail: string }
  /** 501 */
  | { readonly variant: 'NotSupported'; readonly detail: string }
  /** 422: the record is not its log's head at the length that a proof was asked for. */
  | { readonly variant: 'PackageLogNotIncluded'; readonly id: HashText }
  /** 422: the registry's own proof came to another root. */
  | { readonly variant: 'IncorrectProof'; readonly root: HashText; readonly found: HashText }
  /** 422: proofs could not be put into one bundle. */
  | { readonly variant: 'BundleFailure'; readonly detail: string }
  /** Any status, with a message for people. */
  | { readonly variant: 'Message'; readonly status: number; readonly detail: string };

/** The name of a case. */
export type ApiErrorVariant = ApiErrorCase['variant'];

const STATUS: { readonly [V in Exclude<ApiErrorVariant, 'Message'>]: number } = {
  CheckpointNotFound: 404,
  LogNotFound: 404,
  RecordNotFound: 404,
  FetchTokenNotFound: 404,
  ContentDigestNotFound: 404,
  LeafNotFound: 404,
  NamespaceNotDefined: 404,
  PackageNameNotFound: 404,
  NamespaceImported: 409,
  ConflictPendingPublish: 409,
  PackageNameConflict: 409,
  NamespaceConflict: 409,
  ContentWithdrawn: 451,
  RecordNotSourcing: 405,
  Unauthorized: 401,
  Rejection: 422,
  NotSupported: 501,
  PackageLogNotIncluded: 422,
  IncorrectProof: 422,
  BundleFailure: 422,
};

/** The HTTP status that belongs to an error. */
export function statusOf(error: ApiErrorCase): number {
  return error.variant === 'Message' ? error.status : STATUS[error.variant];
}

/** What an error says to people. */
export function messageOf(error: ApiErrorCase): string {
  switch (error.variant) {
    case 'CheckpointNotFound':
      return error.asked === 'proof'
        ? `checkpoint not found for log length ${error.id}`
        : `checkpoint log length \`${error.id}\` was not found`;
    case 'LogNotFound':
      return `log \`${error.id}\` was not found`;
    case 'RecordNotFound':
      return `record \`${error.id}\` was not found`;
    case 'FetchTokenNotFound':
      return `fetch token \`${error.id}\` was not found`;
    case 'ContentDigestNotFound':
      return `content digest \`${error.id}\` was not found`;
    case 'LeafNotFound':
      return `log leaf \`${error.id}\` not found`;
    case 'NamespaceNotDefined':
      return `namespace \`${error.id}\` is not defined on the registry`;
    case 'PackageNameNotFound':
      return `package \`${error.id}\` was not found`;
    case 'NamespaceImported':
      return `namespace \`${error.id}\` is an imported namespace from another registry`;
    case 'ConflictPendingPublish':
      return `the package conflicts with pending publish of record \`${error.id}\``;
    case 'PackageNameConflict':
      return `the package name conflicts with the existing package \`${error.id}\``;
    case 'NamespaceConflict':
      return `the namespace conflicts with the existing namespace \`${error.id}\``;
    case 'ContentWithdrawn':
      return `the registry withdrew the content \`${error.id}\`: ${error.reason}`;
    case 'RecordNotSourcing':
      return 'the record is not currently sourcing content';
    case 'Unauthorized':
      return `unauthorized operation: ${error.detail}`;
    case 'Rejection':
      return `the package was rejected by the registry: ${error.detail}`;
    case 'NotSupported':
      return `the requested operation is not supported: ${error.detail}`;
    case 'PackageLogNotIncluded':
      return `failed to prove inclusion of package log \`${error.id}\``;
    case 'IncorrectProof':
      return `failed to prove inclusion: found root \`${error.found}\` but was given root \`${error.root}\``;
    case 'BundleFailure':
      return `failed to bundle proofs: ${error.detail}`;
    case 'Message':
      return error.detail;
  }
}
