import { WargError } from '@warg/crypto';
import {
  emptyPackageState,
  type PackageState,
  packageRecordId,
  validatePackageLog,
  validatePackageLogAsync,
} from '@warg/protocol';
import { ClientError } from '../errors.ts';
import type { LogAnswer, VerifiedLog } from './log.ts';

/**
 * Folds a package's log: every record must follow from the ones before.
 *
 * @throws ClientError `PACKAGE_LOG_INVALID` | `LOG_INCOMPLETE`
 */
export function verifyPackageLog(answer: LogAnswer<PackageState>): VerifiedLog<PackageState> {
  const end = endOf(answer);
  try {
    return { ...end, state: validatePackageLog(answer.known?.state ?? emptyPackageState, answer.received) };
  } catch (cause) {
    throw invalid(answer, cause);
  }
}

/** As {@link verifyPackageLog}; signatures are shared with other threads where there are some. */
export async function verifyPackageLogAsync(
  answer: LogAnswer<PackageState>,
): Promise<VerifiedLog<PackageState>> {
  const end = endOf(answer);
  try {
    const state = await validatePackageLogAsync(answer.known?.state ?? emptyPackageState, answer.received);
    return { ...end, state };
  } catch (cause) {
    throw invalid(answer, cause);
  }
}

function endOf({
  logId,
  known,
  received,
}: LogAnswer<PackageState>): Omit<VerifiedLog<PackageState>, 'state'> {
  const records = [...(known?.records ?? []), ...received];
  const last = records.at(-1);
  if (last === undefined) throw new ClientError('LOG_INCOMPLETE', `log ${logId} has no records`, { logId });
  return { records, head: packageRecordId(last.contentBytes), headIndex: last.registryIndex };
}

/** Anything but a WargError is a fault of ours and stays as it is. */
function invalid({ logId }: LogAnswer<PackageState>, cause: unknown): unknown {
  if (!(cause instanceof WargError)) return cause;
  return new ClientError(
    'PACKAGE_LOG_INVALID',
    `the registry's log ${logId} cannot be true: ${cause.message}`,
    { logId },
    { cause },
  );
}
