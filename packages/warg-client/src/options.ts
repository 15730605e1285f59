import type { Digest, KeyId, PrivateKey, PublicKey } from '@warg/crypto';
import type { RecordId, Version, VersionRequirement } from '@warg/protocol';
import type { ContentDestination, ContentInput } from './content/content.ts';
import type { Exchange } from './http/exchange.ts';
import type { Limits } from './limits.ts';
import type { OperatorPin } from './results.ts';
import type { ClientStorage } from './storage/storage.ts';

/** The bearer token for a registry that asks for one, or a function that fetches it when it is first needed. */
export type Auth = string | (() => string | undefined | Promise<string | undefined>);

/** The key that signs what is published, or a function that fetches it when it is first needed. */
export type Signer = PrivateKey | (() => PrivateKey | Promise<PrivateKey>);

/** Answers a request: the global `fetch`, or the `fetch` of a registry in the same process. */
export type FetchFunction = (request: Request) => Promise<Response>;

/** How to open a client. */
export interface OpenOptions {
  /**
   * The registry as the user wrote it: a domain (`registry.example`) or a URL. Everything that is remembered
   * is kept under this name, never under an address that a document of the registry resolved it to.
   */
  readonly registry: string;
  /** Where verified state and content are kept: `memoryStorage()`, or `fileStorage(dir)` of `@warg/client/node`. */
  readonly storage: ClientStorage;
  /**
   * Whom to trust: the operator's public key (`ecdsa-p256:…`) or the id of the operator log's first record
   * (`sha256:…`). Without it the first operator that is seen is kept, and results say `firstUse: true`.
   */
  readonly operatorKey?: string | undefined;
  /**
   * Sent as `Authorization: Bearer …` to the registry's API, which its well-known document may name, and to nobody
   * else.
   */
  readonly auth?: Auth | undefined;
  /** Needed by `publish` alone. */
  readonly signer?: Signer | undefined;
  /**
   * The greatest age, in seconds, that a checkpoint fetched now may have. None by default, because the
   * reference server signs only when there is something new.
   */
  readonly maxCheckpointAgeSeconds?: number | undefined;
  /** Used in place of the global `fetch`: a registry in the same process, a proxy, a test. */
  readonly fetch?: FetchFunction | undefined;
  /**
   * Asks what the client asks of registries, where no `fetch` is given: `nodeExchange()` of `@warg/client/node` is there
   * sooner and takes less. Uploads and submissions go by `fetch` all the same.
   */
  readonly exchange?: Exchange | undefined;
  /** The time now in milliseconds since 1970; `Date.now` by default. */
  readonly clock?: (() => number) | undefined;
  /** Sizes, counts and times at which the client gives up; `defaultLimits` has what is not given. */
  readonly limits?: Partial<Limits> | undefined;
  /** Never use the network: answer from what is stored, and say of when it is. */
  readonly offline?: boolean | undefined;
}

/** What happens during a long call, for progress bars. */
export type ProgressEvent =
  | { readonly type: 'checkpoint'; readonly logLength: number; readonly timestamp: number }
  | { readonly type: 'records'; readonly received: number }
  | { readonly type: 'verified'; readonly packages: number }
  /** An operator was trusted and kept for the first time, with no pin from the user, whatever comes of the call. */
  | { readonly type: 'first-use'; readonly registry: string; readonly operator: OperatorPin }
  | { readonly type: 'resolved'; readonly name: string; readonly version: string; readonly digest: Digest }
  | {
      readonly type: 'download';
      readonly digest: Digest;
      readonly received: number;
      readonly total: number | undefined;
    }
  | { readonly type: 'source-failed'; readonly digest: Digest; readonly url: string; readonly error: Error }
  | { readonly type: 'hash'; readonly received: number; readonly total: number | undefined }
  | { readonly type: 'submitted'; readonly recordId: RecordId }
  | {
      readonly type: 'upload';
      readonly digest: Digest;
      readonly sent: number;
      readonly total: number | undefined;
    }
  | { readonly type: 'waiting'; readonly recordId: RecordId; readonly state: string }
  | { readonly type: 'published'; readonly recordId: RecordId; readonly registryIndex: number };

/** Options of every call that may take long. */
export interface CallOptions {
  /** Cancels the call, which then rejects with `signal.reason` and leaves nothing half-written. */
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ((event: ProgressEvent) => void) | undefined;
}

/** Options of calls that answer from verified state. */
export interface ReadOptions extends CallOptions {
  /** Ask the registry first (the default, unless the client is offline); false answers from what is stored. */
  readonly refresh?: boolean | undefined;
}

/** A version requirement as Rust's semver reads it (`^1.2`, `1.2`, `>=1, <2`, `*`), or one exact version. */
export type Wanted = string | VersionRequirement | { readonly version: string | Version };

/** Options of `download`. */
export interface DownloadOptions extends ReadOptions {
  /**
   * Where the content goes. A path needs a storage that knows files (`fileStorage`). The content appears there
   * under its final name only after it matched its digest. Without it the content goes to the storage's cache.
   */
  readonly to?: string | ContentDestination | undefined;
  /** Keep a copy in the storage's cache, and use one that is there. True by default. */
  readonly cache?: boolean | undefined;
}

/** One change to a package. */
export type PublishEntry =
  | { readonly type: 'init' }
  | {
      readonly type: 'release';
      readonly version: string | Version;
      /** The content itself, or the digest of content that the registry or the storage's cache already has. */
      readonly content: ContentInput | Digest;
    }
  | { readonly type: 'yank'; readonly version: string | Version }
  | {
      readonly type: 'grant';
      readonly key: PublicKey | string;
      readonly permissions: readonly PackagePermission[];
    }
  | {
      readonly type: 'revoke';
      readonly keyId: KeyId | string;
      readonly permissions: readonly PackagePermission[];
    };

/** What a key may do in a package. */
export type PackagePermission = 'release' | 'yank';

/** What to publish: one record with these entries, in order. */
export interface PublishRequest {
  readonly name: string;
  readonly entries: readonly PublishEntry[];
  /**
   * The record the new one must follow. By default it follows the head that the registry shows; with it, the
   * call fails with `PUBLISH_HEAD_MOVED` if the head is another.
   */
  readonly head?: RecordId | undefined;
}

/** Options of `publish`. */
export interface PublishOptions extends CallOptions {
  /** Return only when the record is published and verified. True by default. */
  readonly wait?: boolean | undefined;
  /** Do everything but send: refresh, sign, and check the record against the package's verified state. */
  readonly dryRun?: boolean | undefined;
  /** Put an `init` entry first where the package does not exist yet. False by default. */
  readonly init?: boolean | undefined;
  /** Signs in place of the client's signer. */
  readonly signer?: Signer | undefined;
  /** Give up waiting after this many milliseconds, with `PUBLISH_TIMEOUT`; the record stays submitted. */
  readonly timeout?: number | undefined;
}

/** Options of `waitForPublish`. */
export interface WaitOptions extends CallOptions {
  /** Give up waiting after this many milliseconds, with `PUBLISH_TIMEOUT`. */
  readonly timeout?: number | undefined;
}

/** Options of `reset`. */
export interface ResetOptions {
  /** Keep whom the client trusts (the pin) and forget the rest. False by default: everything is forgotten. */
  readonly keepOperator?: boolean | undefined;
}
