import { type Digest, parseSignature } from '@warg/crypto';
import type { Envelope, LogId, PackageName, RecordId } from '@warg/protocol';
import type { PackageRecordResponse } from '@warg/protocol/api';
import type { OpenableContent } from '../content/content.ts';
import type { ClientContext } from '../context.ts';
import { ClientError, isClientError } from '../errors.ts';
import { sleep } from '../http/abort.ts';
import type { CallOptions } from '../options.ts';
import { apiErrorOf, type RegistryApi } from '../registry/registry-api.ts';
import { forPeople } from '../registry/words.ts';
import { cachedContent, contentMissing } from './entries.ts';
import { uploadContent } from './upload.ts';

/** A record to hand to the registry. */
export interface Submitted {
  readonly name: PackageName;
  readonly logId: LogId;
  readonly recordId: RecordId;
  readonly envelope: Envelope;
  readonly contents: ReadonlyMap<Digest, OpenableContent>;
}

/** What the registry made of a submission: a state, or another record that it must deal with first. */
export type Submission =
  | { readonly type: 'accepted'; readonly response: PackageRecordResponse }
  | { readonly type: 'conflict'; readonly pending: RecordId };

/**
 * Hands a record to the registry. When an answer is lost the registry is asked whether it has the record, before
 * the same bytes are sent again: they have the same id, so nothing is ever published twice.
 *
 * @param known true where the registry may have the record from an attempt before
 * @throws ClientError `PUBLISH_REFUSED` | `UNAUTHORIZED`, and what a call may throw
 */
export async function submitRecord(
  context: ClientContext,
  api: RegistryApi,
  record: Submitted,
  known: boolean,
  options: CallOptions,
): Promise<Submission> {
  const { signal } = options;
  const { logId, recordId, name, envelope } = record;
  const signature = parseSignature(envelope.signature);
  for (let attempt = 0; ; attempt++) {
    if (known || attempt > 0) {
      const found = await findRecord(api, logId, recordId, signal);
      if (found !== undefined) return { type: 'accepted', response: found };
    }
    try {
      const response = await api.publish(
        logId,
        { packageName: name, record: { ...envelope, signature }, contentSources: new Map() },
        { signal },
      );
      return { type: 'accepted', response: requireRecord(response, recordId) };
    } catch (error) {
      signal?.throwIfAborted();
      if (isLost(error) && attempt < context.limits.retries) {
        await sleep(200 * 2 ** attempt, signal);
        continue;
      }
      const found = apiErrorOf(error);
      if (found?.case.variant === 'ConflictPendingPublish') {
        if (found.case.id !== recordId) return { type: 'conflict', pending: found.case.id as RecordId };
        const same = await findRecord(api, logId, recordId, signal);
        if (same !== undefined) return { type: 'accepted', response: same };
      }
      throw refused(name, recordId, error);
    }
  }
}

/**
 * Uploads what the registry still misses for a record, and says how the record stands then.
 *
 * @throws ClientError `UPLOAD_FAILED` | `CONTENT_MISSING` | `PUBLISH_REFUSED`
 */
export async function supplyContent(
  context: ClientContext,
  api: RegistryApi,
  record: Submitted,
  response: PackageRecordResponse,
  options: CallOptions,
): Promise<PackageRecordResponse> {
  const { signal } = options;
  let current = response;
  for (let attempt = 0; current.state === 'sourcing'; attempt++) {
    const offered = [...current.missingContent].filter(([, { upload }]) => upload.length > 0);
    if (offered.length === 0) return current;
    try {
      for (const [digest, missing] of offered) {
        const source = record.contents.get(digest) ?? (await storedContent(context, digest));
        await uploadContent(context, api.url, digest, missing, source, options);
      }
    } catch (error) {
      // The upload may have arrived all the same: what counts is what the registry still misses.
      if (!isLost(error) || attempt >= context.limits.retries) throw error;
      await sleep(200 * 2 ** attempt, signal);
    }
    current = requireRecord(await api.record(record.logId, record.recordId, { signal }), record.recordId);
    if (current.state === 'sourcing' && attempt > context.limits.retries) {
      throw new ClientError(
        'UPLOAD_FAILED',
        `the registry took the content of ${record.name} and misses it still`,
        {
          name: record.name,
          recordId: record.recordId,
        },
      );
    }
  }
  return current;
}

/** The record as the registry has it, or undefined where it has none such. */
export async function findRecord(
  api: RegistryApi,
  logId: LogId,
  recordId: RecordId,
  signal: AbortSignal | undefined,
): Promise<PackageRecordResponse | undefined> {
  try {
    return requireRecord(await api.record(logId, recordId, { signal }), recordId);
  } catch (error) {
    const found = apiErrorOf(error);
    if (found?.variant === 'RecordNotFound' || found?.variant === 'LogNotFound') return undefined;
    throw error;
  }
}

function requireRecord(response: PackageRecordResponse, recordId: RecordId): PackageRecordResponse {
  if (response.recordId === recordId) return response;
  throw new ClientError(
    'RESPONSE_INVALID',
    `expected the state of record ${recordId}, found that of ${response.recordId}`,
    {
      expected: recordId,
      found: response.recordId,
    },
  );
}

async function storedContent(context: ClientContext, digest: Digest): Promise<OpenableContent> {
  const cached = await context.storage.content.get(digest);
  if (cached === undefined) throw contentMissing(digest);
  return cachedContent(context, digest, cached.size);
}

/** Nobody knows whether the registry did what it was asked to. */
function isLost(error: unknown): boolean {
  if (isClientError(error, 'NETWORK_FAILED') || isClientError(error, 'TIMEOUT')) return true;
  return (
    error instanceof ClientError &&
    error.details.status !== undefined &&
    error.details.status >= 500 &&
    error.details.status !== 501
  );
}

function refused(name: PackageName, recordId: RecordId, error: unknown): unknown {
  const found = apiErrorOf(error);
  if (
    !(error instanceof ClientError) ||
    found === undefined ||
    error.code === 'UNAUTHORIZED' ||
    isLost(error)
  )
    return error;
  return new ClientError(
    'PUBLISH_REFUSED',
    `the registry does not take the record for ${name}: ${forPeople(found.message)}`,
    { ...error.details, name, recordId, reason: forPeople(found.message) },
    { cause: found },
  );
}
