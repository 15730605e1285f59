import {
  type LogId,
  type PackageName,
  type PackageState,
  packageRecordId,
  type RecordId,
} from '@warg/protocol';
import type { PackageRecordResponse } from '@warg/protocol/api';
import { type ClientContext, reporter } from '../context.ts';
import { ClientError, isClientError } from '../errors.ts';
import { sleep } from '../http/abort.ts';
import type { WaitOptions } from '../options.ts';
import { packageInfo } from '../package-info.ts';
import type { RegistryApi } from '../registry/registry-api.ts';
import { forPeople } from '../registry/words.ts';
import type { PackageInfo } from '../results.ts';
import { forgetSubmission } from '../state/submission.ts';
import { type Updated, updatePackage } from '../update/update.ts';
import { updatedGround } from '../update/update-result.ts';
import type { VerifiedLog } from '../verify/log.ts';
import { findRecord } from './submit.ts';

const firstPause = 20;
const longestPause = 1_000;
const failuresInARow = 10;

/** How a record stands that the registry is done with. */
export type Settled = Extract<PackageRecordResponse, { state: 'published' | 'rejected' | 'sourcing' }>;

/**
 * Asks again and again, less and less often, until the registry is done with a record. A registry that is away
 * for a moment, because it is started again, is waited for.
 *
 * @returns undefined where the registry does not know the record
 * @throws ClientError `PUBLISH_TIMEOUT`
 */
export async function waitUntilSettled(
  api: RegistryApi,
  record: { readonly name: PackageName; readonly logId: LogId; readonly recordId: RecordId },
  options: WaitOptions,
): Promise<Settled | undefined> {
  const { logId, recordId } = record;
  const report = reporter(options);
  const deadline = deadlineOf(options);
  let failures = 0;
  for (let pause = firstPause; ; pause = Math.min(pause * 1.6, longestPause)) {
    try {
      const found = await findRecord(api, logId, recordId, options.signal);
      if (found === undefined || found.state !== 'processing') return found;
      report({ type: 'waiting', recordId, state: found.state });
      failures = 0;
    } catch (error) {
      options.signal?.throwIfAborted();
      if (!isPassing(error) || ++failures >= failuresInARow) throw error;
    }
    const left = deadline - performance.now();
    if (left <= 0) throw timedOut(record, options);
    await sleep(Math.min(pause, left), options.signal);
  }
}

/**
 * Verifies that a record which the registry calls published is in the log, at the index that it names.
 *
 * @throws ClientError `LOG_INCOMPLETE`, and what an update may throw
 */
export async function verifyPublished(
  context: ClientContext,
  record: { readonly name: PackageName; readonly logId: LogId; readonly recordId: RecordId },
  registryIndex: number | undefined,
  options: WaitOptions,
): Promise<{
  readonly updated: Updated;
  readonly log: VerifiedLog<PackageState>;
  readonly registryIndex: number;
}> {
  // Behind a load balancer, the one who answers may be a moment behind the one who published.
  for (let attempt = 0; ; attempt++) {
    const { updated, log } = await updatePackage(context, record.name, options);
    const published = log?.records.find(
      ({ contentBytes }) => packageRecordId(contentBytes) === record.recordId,
    );
    if (log !== undefined && published !== undefined) {
      if (registryIndex === undefined || published.registryIndex === registryIndex) {
        reporter(options)({
          type: 'published',
          recordId: record.recordId,
          registryIndex: published.registryIndex,
        });
        return { updated, log, registryIndex: published.registryIndex };
      }
      throw new ClientError(
        'REGISTRY_INDEX_INVALID',
        `expected record ${record.recordId} at registry index ${registryIndex}, found it at ${published.registryIndex}`,
        {
          recordId: record.recordId,
          expected: String(registryIndex),
          found: String(published.registryIndex),
        },
      );
    }
    if (attempt >= 4) {
      throw new ClientError(
        'LOG_INCOMPLETE',
        `the registry calls record ${record.recordId} published, but its log of ${record.name} does not have it`,
        { name: record.name, logId: record.logId, recordId: record.recordId },
      );
    }
    await sleep(100 * 2 ** attempt, options.signal);
  }
}

/** What `WargClient.waitForPublish` does. */
export async function waitForPublish(
  context: ClientContext,
  record: { readonly name: PackageName; readonly logId: LogId; readonly recordId: RecordId },
  options: WaitOptions,
): Promise<PackageInfo> {
  const { name, logId, recordId } = record;
  const { api } = await context.connect(options.signal);
  const settled = await waitUntilSettled(api, record, options);
  switch (settled?.state) {
    case undefined:
      throw new ClientError(
        'RECORD_UNKNOWN',
        `the registry does not know record ${recordId} of ${name}: it never came there, or was forgotten. Publish again`,
        { name, logId, recordId },
      );
    case 'rejected':
      await forgetSubmission(context, logId, recordId);
      throw rejected(record, settled.reason);
    case 'sourcing':
      throw new ClientError(
        'CONTENT_MISSING',
        `record ${recordId} of ${name} waits for content ${[...settled.missingContent.keys()].join(', ')}: publish again with the content`,
        { name, recordId, digest: [...settled.missingContent.keys()][0] ?? '' },
      );
    case 'published': {
      const { updated, log } = await verifyPublished(context, record, settled.registryIndex, options);
      await forgetSubmission(context, logId, recordId);
      return packageInfo(updatedGround(context, updated), name, logId, log);
    }
  }
}

/** The registry took the record, and then did not publish it. */
export function rejected(
  record: { readonly name: PackageName; readonly recordId: RecordId },
  reason: string,
): ClientError {
  return new ClientError(
    'PUBLISH_REJECTED',
    `the registry rejected record ${record.recordId} of ${record.name}: ${forPeople(reason)}`,
    { name: record.name, recordId: record.recordId, reason: forPeople(reason) },
  );
}

/** The end of the wait, on the clock that nobody sets. */
function deadlineOf({ timeout }: WaitOptions): number {
  return timeout === undefined ? Number.POSITIVE_INFINITY : performance.now() + timeout;
}

function isPassing(error: unknown): boolean {
  if (isClientError(error, 'NETWORK_FAILED') || isClientError(error, 'TIMEOUT')) return true;
  return error instanceof ClientError && [429, 502, 503, 504].includes(error.details.status ?? 0);
}

function timedOut(
  record: { readonly name: PackageName; readonly recordId: RecordId },
  { timeout }: WaitOptions,
): ClientError {
  return new ClientError(
    'PUBLISH_TIMEOUT',
    `record ${record.recordId} of ${record.name} was accepted, but not published within ${timeout} ms: wait for it again`,
    { name: record.name, recordId: record.recordId },
  );
}
