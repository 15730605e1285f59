import { WargError } from '@warg/crypto';
import { emptyPackageState, type PackageState, packageRecordId, validatePackageLog } from '@warg/protocol';
import { ClientError } from '../errors.ts';
import type { LogAnswer, VerifiedLog } from './log.ts';

/**
 * Folds a package's log: every record must follow from the ones before.
 *
 * @throws ClientError `PACKAGE_LOG_INVALID` | `LOG_INCOMPLETE`
 */
export function verifyPackageLog(answer: LogAnswer<PackageState>): VerifiedLog<PackageState> {
  const records = [...(answer.known?.records ?? []), ...answer.received];
  const last = records.at(-1);
  if (last === undefined)
    throw new ClientError('LOG_INCOMPLETE', `log ${answer.logId} has no records`, { logId: answer.logId });
  try {
    const state = validatePackageLog(answer.known?.state ?? emptyPackageState, answer.received);
    return { records, state, head: packageRecordId(last.contentBytes), headIndex: last.registryIndex };
  } catch (cause) {
    if (!(cause instanceof WargError)) throw cause;
    throw new ClientError(
      'PACKAGE_LOG_INVALID',
      `the registry's log ${answer.logId} cannot be true: ${cause.message}`,
      { logId: answer.logId },
      { cause },
    );
  }
}
