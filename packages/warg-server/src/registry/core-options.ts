import type { Digest, PrivateKey } from '@warg/crypto';
import type { Envelope, LogId, PackageName, PackageRecord, SignedCheckpoint } from '@warg/protocol';
import type { LogKey } from '../log-note/log-key.ts';
import type { LeaseTimes } from '../sequencer/leadership.ts';
import type { OperatorSigner } from '../sequencer/signer.ts';

/** Whether packages of a namespace are published here; or in another registry, and in which. */
export type NamespaceState =
  | { readonly state: 'defined' }
  | { readonly state: 'imported'; readonly registry: string };

/** A namespace that the operator log names. */
export type NamespaceDefinition = NamespaceState & { readonly namespace: string };

/** Where the registry keeps its records. `memory` is lost at exit. */
export type StoreLocation =
  | { readonly type: 'sqlite'; readonly file: string }
  | {
      readonly type: 'postgres';
      /** With the password: never to be shown. */
      readonly url: string;
      /** Whether an empty or older database is brought to this program's schema. */
      readonly runMigrations?: boolean;
    }
  | { readonly type: 'memory' };

/** What a record wants a content for. */
export interface ContentUse {
  readonly digest: Digest;
  /** The log of the package that releases it. */
  readonly logId: LogId;
  /** The versions that the record releases it as. */
  readonly versions: readonly string[];
}

/** A further opinion about a record, asked before it is stored. */
export interface RecordPolicy {
  /** @throws ApiError 401 or 422 to refuse the record */
  check(request: {
    readonly packageName: PackageName;
    readonly envelope: Envelope;
    readonly record: PackageRecord;
  }): void | Promise<void>;
}

/** The time, from outside, so that a test can turn it. Milliseconds since the epoch. */
export interface Clock {
  now(): number;
}

/** What a registry lets be, and for how long. */
export interface RegistryLimits {
  /** How long a record may wait for its content, ms. Default 24 h. */
  readonly sourcingTime: number;
  /** How long proofs are made at a checkpoint once another one has followed, ms. Default 1 h. */
  readonly proofRetention: number;
  /** Most records of one log that wait for content. Default 32. */
  readonly sourcingPerLog: number;
  /** Most records from one address that wait for content. Default 1000. */
  readonly sourcingPerAddress: number;
  /** How far a record's time may lie ahead of the clock, ms. Default 5 min. */
  readonly clockSkew: number;
  /** Largest contents of a record, bytes. Default 1 MiB. */
  readonly recordBytes: number;
  /** Most different contents that one record may release. Default 1000. */
  readonly recordContents: number;
  /** Most entries of one record. Default 20 000. */
  readonly recordEntries: number;
  /** Most entries of one record that bring a key. Default 256. */
  readonly recordKeys: number;
  /** Longest name that a package may be begun with, bytes. Default 255. */
  readonly nameBytes: number;
  /** Longest version that a record may release, bytes. Default 255. */
  readonly versionBytes: number;
}

/** What is known outside the store of what was signed, and where to get back what the store lacks of it. */
export interface RestoreOptions {
  /**
   * File in which each process notes, outside the database, what was signed last. For PostgreSQL; SQLite has it beside its file,
   * by the name of that and `.head`.
   */
  readonly headFile?: string;
  /** A checkpoint that somebody kept: nothing is signed before the store has its log. */
  readonly afterCheckpoint?: SignedCheckpoint;
  /** URL of a registry that has what the store lacks: a mirror, another process, the one before. */
  readonly recoverFrom?: string;
  /** Token for that registry, if it is private: one that may read everything. */
  readonly recoverToken?: string;
  /** Folder for temporary files while that is fetched. Default: the system's. */
  readonly spoolDir?: string;
}

/** `all` serves and is ready to sequence, `api` serves, `sequencer` is ready to sequence. */
export type RegistryRole = 'all' | 'api' | 'sequencer';

/** What one attempt to sequence came to. */
export type SequencingPass =
  | {
      readonly failed: false;
      readonly published: number;
      readonly rejected: number;
      readonly seconds: number;
      /** Operations that waited to be written meanwhile. */
      readonly waiting: number;
    }
  | { readonly failed: true; readonly waiting: number };

/** Told of each pass that had something to do. */
export interface SequencingObserver {
  sequenced(pass: SequencingPass): void;
}

/** What the registry has to say to a log; `fields` holds no secret. */
export interface RegistryLog {
  debug(fields: Record<string, unknown>, message: string): void;
  info(fields: Record<string, unknown>, message: string): void;
  warn(fields: Record<string, unknown>, message: string): void;
  error(fields: Record<string, unknown>, message: string): void;
}

export interface RegistryCoreOptions {
  readonly store: StoreLocation;
  /** What this process does; anything but `all` needs a store that several can share. Default `all`. */
  readonly role?: RegistryRole;
  /** The key that signs; or whoever has it. A process of role `api` has neither. */
  readonly operatorKey?: PrivateKey;
  readonly operatorSigner?: OperatorSigner;
  readonly observer?: SequencingObserver;
  /** Times of the lease on sequencing, for tests. */
  readonly lease?: LeaseTimes;
  /** With which the log's checkpoints are signed as notes. */
  readonly logKey?: LogKey;
  /** Namespaces that the operator log shall name; what it does not have yet is appended to it. */
  readonly namespaces?: readonly NamespaceDefinition[];
  /** Whether the content store holds this content already. */
  readonly hasContent: (digest: Digest) => Promise<boolean>;
  /**
   * Asked about each content of a record that is there already. Default: each is welcome.
   *
   * @throws ApiError 422 to refuse the record
   */
  readonly checkStored?: (use: ContentUse) => Promise<void>;
  readonly recordPolicy?: RecordPolicy;
  readonly clock?: Clock;
  readonly limits?: Partial<RegistryLimits>;
  /** How often the head is signed again while nothing happens, ms; 0 for never. Default 60 000. */
  readonly resignInterval?: number;
  readonly log?: RegistryLog;
  /** Told once if the registry can no longer write: everything that is asked to be written fails from then on. End the process. */
  readonly onFailure?: (error: Error) => void;
  readonly restore?: RestoreOptions;
  /** Ends the opening, which waits for as long as need be where an empty store has to get its records back first. */
  readonly signal?: AbortSignal;
}
