import type { Digest, PrivateKey } from '@warg/crypto';
import {
  type PackageName,
  type PackageState,
  packageLogId,
  packageRecordId,
  type RecordId,
} from '@warg/protocol';
import type { OpenableContent } from '../content/content.ts';
import { type ClientContext, reporter } from '../context.ts';
import { ClientError, isClientError } from '../errors.ts';
import { sleep } from '../http/abort.ts';
import type { PublishOptions, PublishRequest, Signer } from '../options.ts';
import { packageInfo } from '../package-info.ts';
import type { RegistryApi } from '../registry/registry-api.ts';
import { readName } from '../resolve.ts';
import type { PublishResult, StoredPublishEntry } from '../results.ts';
import { forgetSubmission, keepSubmission, readSubmission } from '../state/submission.ts';
import { type Updated, updatePackage } from '../update/update.ts';
import { updatedGround } from '../update/update-result.ts';
import type { VerifiedLog } from '../verify/log.ts';
import { type Draft, draftRecord, resumedDraft, servesSamePurpose } from './draft.ts';
import { prepareEntries } from './entries.ts';
import { type Submitted, submitRecord, supplyContent } from './submit.ts';
import { rejected, verifyPublished, waitUntilSettled } from './wait.ts';

/** What is to be published, with its content at hand. */
export interface PreparedPublish {
  readonly name: PackageName;
  readonly head: RecordId | undefined;
  readonly entries: readonly StoredPublishEntry[];
  readonly contents: ReadonlyMap<Digest, OpenableContent>;
}

/** Reads and hashes what a caller wants to publish, and publishes it. */
export async function publish(
  context: ClientContext,
  request: PublishRequest,
  options: PublishOptions,
): Promise<PublishResult> {
  const name = readName(request.name);
  const { head } = request;
  const prepared = await prepareEntries(context, request.entries, options);
  return publishPrepared(context, { name, head, ...prepared }, options);
}

/**
 * Publishes one record: refresh, sign, check, submit, upload, wait, verify.
 *
 * Somebody else may publish to the same package at the same time. Then the record is signed again behind the new
 * head and goes through all checks again, a few times at most.
 */
export async function publishPrepared(
  context: ClientContext,
  request: PreparedPublish,
  options: PublishOptions,
): Promise<PublishResult> {
  const signer = await signingKey(options.signer ?? context.signer);
  let firstUse = false;
  for (let attempt = 1; ; attempt++) {
    const { logId, log, updated } = await refresh(context, request, options);
    firstUse ||= updated.firstUse;
    const make = { ...request, logId, log, init: options.init === true, signer, now: context.now() };
    const begun = await readSubmission(context, logId);
    if (begun !== undefined && options.dryRun !== true && isPublished(begun.recordId, log)) {
      // Sent before, by a process that did not live to see it published.
      if (servesSamePurpose(begun, make)) {
        const record: Submitted = { ...begun, name: request.name, logId, contents: request.contents };
        return { ...(await published(context, record, resumedDraft(begun), undefined, options)), firstUse };
      }
      await forgetSubmission(context, logId, begun.recordId);
    }
    const fresh = draftRecord(make);
    // The very record that was sent before, if there is one: sent again it is the same record, not a second.
    const resumes = begun !== undefined && begun.purpose === fresh.purpose;
    const draft: Draft = resumes ? { ...resumedDraft(begun), initialized: fresh.initialized } : fresh;
    if (options.dryRun === true) return resultOf(context, request.name, draft, updated, 'dry-run', []);
    if (!resumes) await keepSubmission(context, logId, draft, options.signal);

    const { api } = await context.connect(options.signal);
    const record: Submitted = { ...draft, name: request.name, logId, contents: request.contents };
    try {
      const outcome = await sendAndWait(context, api, record, draft, updated, resumes, options);
      // The update that verified the record was not the first one.
      if (outcome !== 'again') return { ...outcome, firstUse };
      if (attempt >= context.limits.publishAttempts) throw conflict(request.name);
      await sleep(100 * 2 ** attempt, options.signal);
    } catch (error) {
      if (isOver(error)) await forgetSubmission(context, logId, draft.recordId);
      const mayRetry =
        isOver(error) && request.head === undefined && attempt < context.limits.publishAttempts;
      if (!mayRetry || !(await headMoved(context, request.name, log, options))) throw error;
    }
  }
}

interface Base {
  readonly logId: Submitted['logId'];
  readonly log: VerifiedLog<PackageState> | undefined;
  readonly updated: Updated;
}

async function refresh(
  context: ClientContext,
  request: PreparedPublish,
  options: PublishOptions,
): Promise<Base> {
  const logId = packageLogId(request.name);
  const { updated, log } = await updatePackage(context, request.name, options);
  if (request.head !== undefined && log?.head !== request.head) {
    throw new ClientError(
      'PUBLISH_HEAD_MOVED',
      `expected the head of ${request.name} to be ${request.head}, found ${log?.head ?? 'no record'}: look at what was published meanwhile`,
      { name: request.name, expected: request.head, found: log?.head ?? '' },
    );
  }
  return { logId, log, updated };
}

async function sendAndWait(
  context: ClientContext,
  api: RegistryApi,
  record: Submitted,
  draft: Draft,
  updated: Updated,
  known: boolean,
  options: PublishOptions,
): Promise<PublishResult | 'again'> {
  const report = reporter(options);
  const outcome = await submitRecord(context, api, record, known, options);
  if (outcome.type === 'conflict') {
    // Another record is on its way. Whatever becomes of it, ours comes after.
    await waitUntilSettled(api, { ...record, recordId: outcome.pending }, options);
    return 'again';
  }
  report({ type: 'submitted', recordId: record.recordId });
  const supplied = await supplyContent(context, api, record, outcome.response, options);
  if (options.wait === false && (supplied.state === 'processing' || supplied.state === 'sourcing')) {
    const missing = supplied.state === 'sourcing' ? [...supplied.missingContent.keys()] : [];
    return resultOf(context, record.name, draft, updated, supplied.state, missing);
  }
  const settled = supplied.state === 'processing' ? await waitUntilSettled(api, record, options) : supplied;
  // A registry that was started again may have forgotten what it had not published: it gets it once more.
  if (settled === undefined) return 'again';
  if (settled.state === 'rejected') throw rejected(record, settled.reason);
  if (settled.state === 'sourcing') throw noUpload(record, [...settled.missingContent.keys()]);
  return published(context, record, draft, settled.registryIndex, options);
}

async function published(
  context: ClientContext,
  record: Submitted,
  draft: Draft,
  index: number | undefined,
  options: PublishOptions,
): Promise<PublishResult> {
  const { updated, log, registryIndex } = await verifyPublished(context, record, index, options);
  await forgetSubmission(context, record.logId, record.recordId);
  return {
    ...resultOf(context, record.name, draft, updated, 'published', []),
    registryIndex,
    package: packageInfo(updatedGround(context, updated), record.name, record.logId, log),
  };
}

async function headMoved(
  context: ClientContext,
  name: PackageName,
  before: VerifiedLog<PackageState> | undefined,
  options: PublishOptions,
): Promise<boolean> {
  const { log } = await updatePackage(context, name, options);
  return log?.head !== before?.head;
}

function resultOf(
  context: ClientContext,
  name: PackageName,
  draft: Draft,
  updated: Updated,
  state: PublishResult['state'],
  missing: readonly Digest[],
): PublishResult {
  return {
    registry: context.address.name,
    name,
    logId: packageLogId(name),
    recordId: draft.recordId,
    record: draft.record,
    envelope: draft.envelope,
    state,
    initialized: draft.initialized,
    missing,
    operator: updated.state.pin,
    firstUse: updated.firstUse,
    warnings: updated.warnings,
  };
}

async function signingKey(signer: Signer | undefined): Promise<PrivateKey> {
  if (signer === undefined) {
    throw new ClientError(
      'SIGNER_MISSING',
      'publishing needs a signing key: give one as signer, or make one with `warg key new`',
    );
  }
  return typeof signer === 'function' ? signer() : signer;
}

function isPublished(recordId: RecordId, log: VerifiedLog<PackageState> | undefined): boolean {
  return log?.records.some(({ contentBytes }) => packageRecordId(contentBytes) === recordId) === true;
}

/** The registry has said its last word about this record: it will never be published. */
function isOver(error: unknown): boolean {
  return isClientError(error, 'PUBLISH_REJECTED') || isClientError(error, 'PUBLISH_REFUSED');
}

function noUpload(record: Submitted, missing: readonly Digest[]): ClientError {
  return new ClientError(
    'UPLOAD_FAILED',
    `the registry waits for content ${missing.join(', ')} of ${record.name} and offers no upload for it`,
    { name: record.name, recordId: record.recordId, digest: missing[0] ?? '' },
  );
}

function conflict(name: PackageName): ClientError {
  return new ClientError(
    'PUBLISH_CONFLICT',
    `other records of ${name} kept getting in between: try again in a while`,
    { name },
  );
}
