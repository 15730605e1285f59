import { type Envelope, envelopeToJson, type LogId, packageRecordId, type RecordId } from '@warg/protocol';
import type { ClientContext } from '../context.ts';
import type { StorageSnapshot } from '../storage/storage.ts';
import { changeDocument } from './change-document.ts';
import { envelopeOf, readDocument, textOf, writeDocument } from './document.ts';

/**
 * A record on its way: kept from before it is sent until its fate is known, so that a process that was stopped
 * in between sends the very same record again and not a second one.
 */
export interface Submission {
  readonly envelope: Envelope;
  readonly recordId: RecordId;
  /** What the record does, without its time and signature. */
  readonly purpose: string;
}

const format = 'warg-client-submission-1';

function submissionKey(logId: LogId): string {
  return `submission/${logId.slice(logId.indexOf(':') + 1)}`;
}

export async function readSubmission(context: ClientContext, logId: LogId): Promise<Submission | undefined> {
  return submissionIn(await context.documents.snapshot(), logId);
}

function submissionIn(snapshot: StorageSnapshot, logId: LogId): Promise<Submission | undefined> {
  return readDocument(snapshot, submissionKey(logId), format, (members) => {
    const envelope = envelopeOf(members['envelope']);
    return {
      envelope,
      recordId: packageRecordId(envelope.contentBytes),
      purpose: textOf(members['purpose']),
    };
  });
}

export async function keepSubmission(
  context: ClientContext,
  logId: LogId,
  submission: Submission,
  signal: AbortSignal | undefined,
): Promise<void> {
  const { envelope, purpose } = submission;
  const document = writeDocument(format, { envelope: envelopeToJson(envelope), purpose });
  await changeDocument(context, submissionKey(logId), async () => document, signal);
}

/** Forgets a record whose fate is known; another one that was kept meanwhile stays. */
export async function forgetSubmission(
  context: ClientContext,
  logId: LogId,
  recordId: RecordId,
): Promise<void> {
  const key = submissionKey(logId);
  const unlessAnother = async (snapshot: StorageSnapshot) =>
    (await submissionIn(snapshot, logId))?.recordId === recordId ? undefined : snapshot.read(key);
  await changeDocument(context, key, unlessAnother, undefined);
}
