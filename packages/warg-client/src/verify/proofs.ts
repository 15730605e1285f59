import { digestToBytes, WargError } from '@warg/crypto';
import {
  type LogId,
  logLeafBytes,
  mapKeyBytes,
  mapLeafBytes,
  type RecordId,
  type SignedCheckpoint,
} from '@warg/protocol';
import { hashLeaf, verifyLogBundle, verifyMapAbsence, verifyMapBundle } from '@warg/transparency';
import { ClientError, type ClientErrorCode } from '../errors.ts';

/** The head of a log, and where it stands in the registry's log. */
export interface HeadLeaf {
  readonly logId: LogId;
  readonly recordId: RecordId;
  readonly registryIndex: number;
}

/** The answer of `v1/proof/inclusion`. Untrusted. */
export interface InclusionAnswer {
  readonly log: Uint8Array;
  readonly map: Uint8Array;
}

/**
 * Checks that heads stand in the registry's log, and that the map points at them: so they are in, and they are
 * the newest, as of this checkpoint.
 *
 * @param heads what was asked for, in order; at least one
 * @throws ClientError `INCLUSION_INVALID`
 */
export function verifyInclusion(
  answer: InclusionAnswer,
  heads: readonly HeadLeaf[],
  checkpoint: SignedCheckpoint,
): void {
  const { logLength, logRoot, mapRoot } = checkpoint.contents;
  proving('INCLUSION_INVALID', 'the proof that records are in the registry', () => {
    verifyLogBundle(answer.log, {
      length: logLength,
      root: digestToBytes(logRoot),
      leaves: heads.map((head) => ({ index: head.registryIndex, hash: hashLeaf(logLeafBytes(head)) })),
    });
    verifyMapBundle(answer.map, {
      root: digestToBytes(mapRoot),
      entries: heads.map((head) => ({
        key: mapKeyBytes(head.logId),
        leafHash: hashLeaf(mapLeafBytes(head.recordId)),
      })),
    });
  });
}

/**
 * Checks that the log of an older checkpoint is a beginning of the log of a newer one.
 *
 * @param bundle the registry's answer, untrusted
 * @throws ClientError `CONSISTENCY_INVALID`
 */
export function verifyConsistency(bundle: Uint8Array, from: SignedCheckpoint, to: SignedCheckpoint): void {
  proving('CONSISTENCY_INVALID', 'the proof that the registry only added to what was seen before', () => {
    verifyLogBundle(bundle, {
      length: to.contents.logLength,
      root: digestToBytes(to.contents.logRoot),
      from: [{ length: from.contents.logLength, root: digestToBytes(from.contents.logRoot) }],
    });
  });
}

/**
 * Checks that no log with one of these ids exists, as of this checkpoint.
 *
 * @param bundle the registry's answer, untrusted
 * @param logIds what was asked for, in order; at least one
 * @throws ClientError `ABSENCE_INVALID`
 */
export function verifyAbsence(
  bundle: Uint8Array,
  logIds: readonly LogId[],
  checkpoint: SignedCheckpoint,
): void {
  proving('ABSENCE_INVALID', 'the proof that a package does not exist', () => {
    verifyMapAbsence(bundle, {
      root: digestToBytes(checkpoint.contents.mapRoot),
      keys: logIds.map((logId) => mapKeyBytes(logId)),
    });
  });
}

function proving(code: ClientErrorCode, what: string, verify: () => void): void {
  try {
    verify();
  } catch (cause) {
    if (!(cause instanceof WargError)) throw cause;
    throw new ClientError(code, `${what} does not hold: ${cause.message}`, {}, { cause });
  }
}
