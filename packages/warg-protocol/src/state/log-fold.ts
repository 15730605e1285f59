// How records are folded into the state of their log: one way for packages and for the operator.

import type { SignaturePrefix } from '@warg/crypto';
import type { Envelope } from '../envelopes/envelope.ts';
import type { VerifiedSignature } from '../envelopes/signing.ts';
import type { RecordId } from '../ids.ts';
import type { RecordFrame } from '../records/record-frame.ts';
import { checkFrame, closeRecord, type LogDraft, type LogHead } from './log-draft.ts';
import { atRecord, checkNow, foldCheckingTogether, type SignatureCheck } from './signature-check.ts';

/** What a kind of log has of its own. `S` is its state, `D` a draft of it, `R` a record and `E` an entry. */
export interface LogKind<S, D extends LogDraft<string>, R extends RecordWith<E>, E> {
  readonly prefix: SignaturePrefix;
  readonly decode: (contentBytes: Uint8Array) => R;
  readonly recordId: (contentBytes: Uint8Array) => RecordId;
  readonly draft: (state: S) => D;
  readonly settle: (draft: D) => S;
  /** Does what an entry says; `head` is the record that it is in. */
  readonly apply: (draft: D, signer: string, entry: E, head: LogHead) => void;
}

interface RecordWith<E> extends RecordFrame {
  readonly entries: readonly E[];
}

/** What became of a record that its log allows. */
export interface ValidatedRecord<S, R> {
  /** The state behind the record. */
  readonly state: S;
  readonly record: R;
  readonly recordId: RecordId;
}

/** The folds of a kind of log. A state that is folded into stays as it is. */
export interface LogFold<S, R> {
  one(state: S, envelope: Envelope, verified: VerifiedSignature | undefined): ValidatedRecord<S, R>;
  all(state: S, envelopes: readonly Envelope[], verified: Verified): S;
  /** Signatures are verified together, behind everything else. */
  allTogether(state: S, envelopes: readonly Envelope[], verified: Verified): Promise<S>;
}

/** For each envelope what its verification returned, where there was one. */
type Verified = readonly (VerifiedSignature | undefined)[];

export function logFold<S, D extends LogDraft<string>, R extends RecordWith<E>, E>(
  kind: LogKind<S, D, R, E>,
): LogFold<S, R> {
  const foldRecord = (draft: D, envelope: Envelope, checkSignature: SignatureCheck) => {
    const record = kind.decode(envelope.contentBytes);
    const recordId = kind.recordId(envelope.contentBytes);
    const head = { recordId, time: record.time };
    checkFrame(draft, record);
    for (const entry of record.entries) kind.apply(draft, envelope.keyId, entry, head);
    closeRecord(draft, envelope, head, kind.prefix, checkSignature);
    return { record, recordId };
  };
  const foldLog = (
    state: S,
    envelopes: readonly Envelope[],
    checkOf: (index: number) => SignatureCheck,
  ): S => {
    const draft = kind.draft(state);
    envelopes.forEach((envelope, index) => {
      atRecord(index, () => foldRecord(draft, envelope, checkOf(index)));
    });
    return kind.settle(draft);
  };
  const all = (state: S, envelopes: readonly Envelope[], verified: Verified): S =>
    foldLog(state, envelopes, (index) => checkNow(verified[index]));
  return {
    one(state, envelope, verified) {
      const draft = kind.draft(state);
      const folded = foldRecord(draft, envelope, checkNow(verified));
      return { state: kind.settle(draft), ...folded };
    },
    all,
    allTogether: (state, envelopes, verified) =>
      foldCheckingTogether(
        verified,
        (checkOf) => foldLog(state, envelopes, checkOf),
        () => all(state, envelopes, verified),
      ),
  };
}
