import type { Digest } from '@warg/crypto';
import type { RecordId, VerifiedSignature } from '@warg/protocol';
import type { RecordStatus } from '../registry/registry.ts';
import type { ClaimedSource, ContentRemoval, NewRecord, RecordKey } from '../store/rows.ts';

/**
 * What the writer can be asked to do, and its answers: plain data that goes through a message port as it is. What the
 * registry's reader side has checked already (forms, names, signatures, policy) is not checked again; what another request
 * could have changed meanwhile is.
 */
export type Operation =
  | {
      readonly type: 'accept';
      readonly record: NewRecord;
      /** What came of verifying its signature, so that whoever sequences it here need not verify it again. */
      readonly verified?: VerifiedSignature;
    }
  | {
      readonly type: 'contentStored';
      readonly record: RecordKey;
      readonly digest: Digest;
      /** Whether it was seen in its store after its removal was over. */
      readonly isBack?: boolean;
    }
  | { readonly type: 'contentRejected'; readonly record: RecordKey; readonly reason: string }
  | { readonly type: 'claimSource'; readonly until: number }
  | { readonly type: 'sourcesFailed'; readonly record: RecordKey; readonly digest: Digest }
  | { readonly type: 'tokenUsed'; readonly id: string; readonly now: number };

export type Outcome =
  | { readonly type: 'status'; readonly status: RecordStatus }
  /** Another record is processing on the same predecessor. */
  | { readonly type: 'conflict'; readonly with: RecordId }
  /** Too many records wait for content. */
  | { readonly type: 'full'; readonly scope: 'log' | 'address'; readonly limit: number }
  /** The content is being removed, or was; it may have gone since it was stored. */
  | { readonly type: 'removal'; readonly removal: ContentRemoval }
  | { readonly type: 'noted' }
  | { readonly type: 'source'; readonly source: ClaimedSource | undefined }
  | { readonly type: 'notFound' }
  | { readonly type: 'notSourcing' };

/** The limits that hold inside the writer's transactions. */
export interface WriterLimits {
  readonly sourcingTime: number;
  readonly sourcingPerLog: number;
  readonly sourcingPerAddress: number;
  readonly proofRetention: number;
}
