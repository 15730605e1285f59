import type { Digest, KeyId, PublicKey } from '@warg/crypto';
import type {
  Envelope,
  LogId,
  OperatorState,
  PackageName,
  PackageRecord,
  PackageState,
  RecordId,
  SignedCheckpoint,
  Version,
} from '@warg/protocol';

/**
 * How much stands behind a result. This client's are `proved`: a signed checkpoint of the pinned operator
 * covers them. The others are for ways of fetching that prove less.
 */
export type Assurance = 'proved' | 'locked-digest' | 'transport';

/** Whom the client trusts for a registry. */
export interface OperatorPin {
  /** The id of the operator log's first record. */
  readonly recordId: RecordId;
  /** The key that the first record names and that signed it. */
  readonly key: PublicKey;
  readonly keyId: KeyId;
  /** `user`: given in options; `well-known`: from the registry's document; `first-use`: kept when first seen. */
  readonly origin: 'user' | 'well-known' | 'first-use';
}

/** What every verified result says of its ground. */
export interface Verified {
  /** The registry as the user wrote it. */
  readonly registry: string;
  readonly assurance: Assurance;
  /** The signed checkpoint that the result was proved against. */
  readonly checkpoint: SignedCheckpoint;
  /** The checkpoint's time: the result is as of then. */
  readonly asOf: Date;
  readonly operator: OperatorPin;
  /** True when this very call trusted the operator for the first time, with no pin from the user. */
  readonly firstUse: boolean;
  /** True when the registry was asked by this call, false when the answer comes from storage. */
  readonly refreshed: boolean;
  /** What the registry or the client wants said, for people. */
  readonly warnings: readonly string[];
}

/** One released version. */
export interface ReleaseInfo {
  readonly version: Version;
  readonly state: 'released' | 'yanked';
  /**
   * The digest of the content; none for a yanked version, nor for one whose record names a hash that is no
   * SHA-256 and so can never be fetched.
   */
  readonly digest: Digest | undefined;
  /** A key's id, as the record names it. */
  readonly releasedBy: string;
  readonly releasedAt: Date;
  readonly yankedBy?: string;
  readonly yankedAt?: Date;
}

/** A package as its verified log says it is. */
export interface PackageInfo extends Verified {
  readonly name: PackageName;
  readonly logId: LogId;
  readonly head: { readonly recordId: RecordId; readonly time: Date; readonly registryIndex: number };
  /** How many records the log has. */
  readonly records: number;
  /** All releases, lowest version first, yanked ones too. */
  readonly releases: readonly ReleaseInfo[];
  readonly keys: ReadonlyMap<KeyId, PublicKey>;
  readonly permissions: PackageState['permissions'];
  /** The protocol's own state, for what is not said above. */
  readonly state: PackageState;
}

/** The operator log as verified. */
export interface OperatorInfo extends Verified {
  readonly head: { readonly recordId: RecordId; readonly registryIndex: number };
  readonly records: number;
  readonly namespaces: OperatorState['namespaces'];
  readonly state: OperatorState;
}

/** A name that the registry does not know: `proved` by a proof of absence, or `unproved` where it offers none. */
export interface AbsentPackage {
  readonly name: PackageName;
  readonly logId: LogId;
  readonly absence: 'proved' | 'unproved';
  /** The registry that this one says has the package's namespace. A hint, not a fact. */
  readonly hint?: { readonly namespace: string; readonly registry: string };
}

/** What an update did. */
export interface UpdateResult extends Verified {
  readonly packages: readonly {
    readonly name: PackageName;
    readonly logId: LogId;
    /** How many records are new since what was stored. */
    readonly newRecords: number;
    readonly records: number;
  }[];
  readonly absent: readonly AbsentPackage[];
  readonly newOperatorRecords: number;
  /** The checkpoint that was stored before, if any. */
  readonly previous: SignedCheckpoint | undefined;
}

/** A version that was chosen, and its content's digest. */
export interface Resolution extends Verified {
  readonly name: PackageName;
  readonly version: Version;
  readonly digest: Digest;
  readonly release: ReleaseInfo;
}

/** Content that was fetched and matched its digest. */
export interface DownloadResult extends Resolution {
  /** In bytes. */
  readonly size: number;
  /** Where the file is: the destination, else its place in the cache, where that has paths. */
  readonly path: string | undefined;
  readonly from: 'cache' | 'network';
  /** Reads the content again; it is hashed on the way, and the stream fails at its end if it changed. */
  open(): ReadableStream<Uint8Array>;
  /** The whole content in memory. */
  bytes(): Promise<Uint8Array>;
}

/** A record that was made, and how far it came. */
export interface PublishResult {
  readonly registry: string;
  readonly name: PackageName;
  readonly logId: LogId;
  readonly recordId: RecordId;
  readonly record: PackageRecord;
  readonly envelope: Envelope;
  /**
   * `published`: in a verified checkpoint. `processing`: accepted, not in a checkpoint yet. `sourcing`: the
   * registry waits for content that it offers no upload for. `dry-run`: nothing was sent.
   */
  readonly state: 'dry-run' | 'sourcing' | 'processing' | 'published';
  /** True when an `init` entry was put first because the package did not exist. */
  readonly initialized: boolean;
  /** What the registry still misses, in state `sourcing`. */
  readonly missing: readonly Digest[];
  readonly registryIndex?: number;
  /** The package after publishing, verified; in state `published`. */
  readonly package?: PackageInfo;
  readonly operator: OperatorPin;
  readonly firstUse: boolean;
  readonly warnings: readonly string[];
}

/** A list of entries that waits to be submitted as one record. */
export interface PendingPublish {
  readonly name: PackageName;
  readonly entries: readonly StoredPublishEntry[];
  readonly startedAt: Date;
}

/** An entry as a pending publish keeps it: content is in the storage's cache, here is its digest. */
export type StoredPublishEntry =
  | { readonly type: 'init' }
  | { readonly type: 'release'; readonly version: string; readonly content: Digest; readonly size?: number }
  | { readonly type: 'yank'; readonly version: string }
  | { readonly type: 'grant'; readonly key: PublicKey; readonly permissions: readonly ('release' | 'yank')[] }
  | {
      readonly type: 'revoke';
      readonly keyId: string;
      readonly permissions: readonly ('release' | 'yank')[];
    };

/** What `reset` left of a registry's evidence. */
export interface ResetResult {
  /** The ids of evidence that stays. */
  readonly evidenceKept: readonly string[];
  /**
   * The ids of evidence that was damaged, and is gone. Undefined where so much was damaged that nobody can say whether there
   * was some.
   */
  readonly evidenceLost: readonly string[] | undefined;
}
