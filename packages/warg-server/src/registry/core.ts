import { CryptoError, type Digest, isDigest, type PublicKey } from '@warg/crypto';
import {
  decodePackageRecord,
  type LogId,
  maySignCheckpoints,
  OPERATOR_LOG_ID,
  type RecordId,
  verifyCheckpointSignature,
} from '@warg/protocol';
import {
  apiError,
  contentWithdrawn,
  logNotFound,
  recordNotFound,
  recordNotSourcing,
} from '@warg/protocol/api';
import { seenContents } from '../content/seen-contents.ts';
import { readOperatorLog } from '../operator/operator-state.ts';
import type { Operation, Outcome } from '../sequencer/operations.ts';
import type { RegistryWriter } from '../sequencer/writer.ts';
import type { RegistryStore, StoreReads } from '../store/registry-store.ts';
import type { RecordKey } from '../store/rows.ts';
import { Turns } from '../store/turns.ts';
import { Checkpoints } from './checkpoints.ts';
import { HeldWriter } from './held-writer.ts';
import { fetchLogs, keptPages, logName, packageNames, requireLeaves } from './logs.ts';
import { Proofs } from './proofs.ts';
import { type KnownRecord, readRecord, versionsOf } from './records.ts';
import type { RecordStatus, RegistryCore, VerificationState } from './registry.ts';
import { type SubmissionOptions, submitRecord } from './submission.ts';
import { readTile } from './tiles.ts';

/** How long a content is one's own to fetch, ms: a minute to fetch it, and the rest to look at it and to store it. */
const CLAIM = 5 * 60_000;

/**
 * Puts a registry together from its reading and its writing side.
 *
 * @param close closes both, the writer first
 */
export function createCore(options: SubmissionOptions, close: () => Promise<void>): RegistryCore {
  const { store, writer } = options;
  const checkpoints = new Checkpoints(store);
  const proofs = new Proofs(store, checkpoints);
  const logs = { store, checkpoints, kept: keptPages(), turns: new Turns() };
  const submitting = { ...options, hasContent: seenContents(options.hasContent) };
  let closed: Promise<void> | undefined;
  let signing: { readonly keyId: string; readonly key: PublicKey } | undefined;
  return {
    latestCheckpoint: () => checkpoints.latestAnswer(),
    checkpointAt: (logLength) => checkpoints.answerAt(logLength),
    fetchLogs: (query) => fetchLogs(logs, query),
    packageNames: (logIds, mayRead) => packageNames(store, logIds, mayRead),
    logName: (logId) => logName(store, logId),

    submit: async (submission) => {
      // Before anything is looked at: what it refers to may be missing here.
      requireWritable(writer);
      return submitRecord(submitting, submission);
    },
    recordStatus: (logId, recordId) =>
      store.read(async (reads) => (await requireRecord(reads, logId, recordId)).status),
    expectContent: async ({ logId, recordId, digest }) => {
      requireWritable(writer);
      return store.read(async (reads) => {
        const { record, contents } = await requireRecord(reads, logId, recordId);
        if (record.state !== 'sourcing') throw recordNotSourcing();
        // One that was stored since may be sent again: the answer to the first time may have been lost.
        const needed = contents.find((content) => content.digest === digest);
        if (needed !== undefined) {
          const [withdrawn] = await reads.withdrawals([digest]);
          if (withdrawn !== undefined) throw contentWithdrawn(needed.digest, withdrawn.reason);
          return versionsOf(decodePackageRecord(record.envelope.contentBytes), digest);
        }
        throw apiError(
          400,
          `content digest \`${digest}\` is not required for package record \`${recordId}\``,
        );
      });
    },
    contentStored: async ({ logId, recordId, digest }) => {
      const record = requireKey(logId, recordId);
      if (!isDigest(digest)) throw apiError(400, `\`${digest}\` is no digest`);
      const operation = { type: 'contentStored', record, digest } as const;
      const outcome = await writer.submit(operation);
      if (outcome.type !== 'removal') return settled(store, outcome, operation, record);
      // It may have been stored before its removal was over, or not.
      if (outcome.removal === 'removed' && (await options.hasContent(digest))) {
        return settle(store, writer, { ...operation, isBack: true }, record);
      }
      throw contentIsGoing();
    },
    contentRejected: async ({ logId, recordId, digest }, reason) => {
      const record = requireKey(logId, recordId);
      const text = `content with digest \`${digest}\` was rejected by policy: ${reason}`;
      return settle(store, writer, { type: 'contentRejected', record, reason: text }, record);
    },
    claimSource: async () => {
      const now = options.clock.now();
      // Asked before anything is written: mostly there is nothing.
      if (!(await store.read((reads) => reads.hasSource(now)))) return undefined;
      const outcome = await writer.submit({ type: 'claimSource', until: now + CLAIM });
      return outcome.type === 'source' ? outcome.source : undefined;
    },
    sourcesFailed: async ({ logId, recordId, digest }) => {
      const record = requireKey(logId, recordId);
      return settle(store, writer, { type: 'sourcesFailed', record, digest: digest as Digest }, record);
    },
    isContentReferenced: async (digest, namespaces) =>
      isDigest(digest) && (await store.read((reads) => reads.isContentReferenced(digest, namespaces))),
    withdrawalReason: async (digest) => {
      if (!isDigest(digest)) return undefined;
      const [found] = await store.read((reads) => reads.withdrawals([digest]));
      return found?.reason;
    },

    proveInclusion: async (logLength, leafs, mayRead) => {
      if (mayRead !== undefined) await requireLeaves(store, leafs, mayRead);
      return proofs.inclusion(logLength, leafs);
    },
    proveHead: (logLength, logId) => proofs.head(logLength, logId),
    proveConsistency: (from, to) => proofs.consistency(from, to),
    proveAbsence: (logLength, logIds) => proofs.absence(logLength, logIds),
    verifyCheckpoint: async (checkpoint) => {
      const { contents, keyId, signature } = checkpoint;
      const stored = await store.read((reads) =>
        reads.checkpointAt(Number.isSafeInteger(contents.logLength) ? contents.logLength : -1),
      );
      const isSame = stored?.logRoot === contents.logRoot && stored.mapRoot === contents.mapRoot;
      const isSignedSo = stored?.signature === signature && stored.keyId === keyId;
      return {
        checkpoint: isSame ? 'verified' : 'invalid',
        signature:
          isSame && isSignedSo && stored.timestamp === contents.timestamp ? 'verified' : await verify(),
      };

      async function mayHaveSigned(): Promise<boolean> {
        if (!isSame) return false;
        const { state } = await store.read((reads) => readOperatorLog(reads, contents.logLength));
        return maySignCheckpoints(state, keyId);
      }

      async function verify(): Promise<VerificationState> {
        const [key] = await store.read((reads) => reads.keys([{ logId: OPERATOR_LOG_ID, keyId }]));
        if (key === undefined) return 'invalid';
        // One that was revoked since was good while it was not.
        if (!key.permissions.includes('commit') && !(await mayHaveSigned())) return 'invalid';
        try {
          verifyCheckpointSignature(checkpoint, key.publicKey as PublicKey);
          return 'verified';
        } catch (error) {
          if (error instanceof CryptoError) return 'invalid';
          throw error;
        }
      }
    },

    ledgerRecords: async (start, limit) => {
      const { logLength } = await checkpoints.latest();
      if (start >= logLength) return new Uint8Array(0);
      const from = Number(start);
      return store.read((reads) => reads.ledger(from, Math.min(from + limit, logLength)));
    },
    logNote: async () => (await store.read((reads) => reads.logNote()))?.text,
    logTile: (tile) => readTile(store, checkpoints, tile),
    namespaceState: async (namespace) => {
      const [row] = await store.read((reads) => reads.namespaces([namespace]));
      if (row === undefined) return undefined;
      return row.registry === undefined
        ? { state: 'defined' }
        : { state: 'imported', registry: row.registry };
    },

    get sequences() {
      return writer.sequences;
    },
    useSigner: (signer) => writer.useSigner(signer),
    operatorKey: async () => {
      const { keyId } = await checkpoints.latest();
      if (signing?.keyId === keyId) return signing.key;
      const [row] = await store.read((reads) => reads.keys([{ logId: OPERATOR_LOG_ID, keyId }]));
      if (row === undefined)
        throw new Error(`the operator log does not have the key ${keyId} that signed last`);
      signing = { keyId, key: row.publicKey as PublicKey };
      return signing.key;
    },

    accessToken: (id) => store.read((reads) => reads.accessToken(id)),
    noteAccessTokenUse: async (id, now) => {
      await writer.submit({ type: 'tokenUsed', id, now });
    },
    sharedKey: (name) => store.read((reads) => reads.sharedKey(name)),

    mode: () => (writer instanceof HeldWriter && writer.isHeld ? 'readOnly' : 'readWrite'),

    close: () => (closed ??= close()),
  };
}

/** @throws StoreError `STORE_READ_ONLY` */
function requireWritable(writer: RegistryWriter): void {
  if (writer instanceof HeldWriter) writer.requireWritable();
}

/** @throws ApiError 404: package records are asked for here, and the operator log has none */
function requireKey(logId: string, recordId: string): RecordKey {
  if (!isDigest(logId)) throw logNotFound(logId as LogId);
  if (!isDigest(recordId) || logId === OPERATOR_LOG_ID) throw recordNotFound(recordId as RecordId);
  return { logId: logId as LogId, recordId: recordId as RecordId };
}

async function requireRecord(reads: StoreReads, logId: string, recordId: string): Promise<KnownRecord> {
  const key = requireKey(logId, recordId);
  const record = await readRecord(reads, key);
  if (record === undefined) throw await notFound(reads, key);
  return record;
}

async function notFound(reads: StoreReads, { logId, recordId }: RecordKey): Promise<Error> {
  const [hasRecords] = await reads.hasRecords([logId]);
  return hasRecords ? recordNotFound(recordId) : logNotFound(logId);
}

async function settle(
  store: RegistryStore,
  writer: RegistryWriter,
  operation: Operation,
  key: RecordKey,
): Promise<RecordStatus> {
  return settled(store, await writer.submit(operation), operation, key);
}

/** Somebody removes contents that no record named, at the moment at which one came to name it. */
function contentIsGoing(): Error {
  return apiError(503, 'the content was being removed while it was stored: upload it again in a minute');
}

async function settled(
  store: RegistryStore,
  outcome: Outcome,
  operation: Operation,
  key: RecordKey,
): Promise<RecordStatus> {
  switch (outcome.type) {
    case 'status':
      return outcome.status;
    case 'removal':
      throw contentIsGoing();
    case 'notFound':
      throw await store.read((reads) => notFound(reads, key));
    case 'notSourcing':
      throw recordNotSourcing();
    default:
      throw new Error(`the writer answered ${outcome.type} to ${operation.type}`);
  }
}
