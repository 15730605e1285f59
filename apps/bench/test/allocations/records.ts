// What clients and servers read of a record: an answer of JSON, decoded, folded and verified.

import { emptyPackageState, packageLogId, parsePackageName, validatePackageLog } from '@warg/protocol';
import { decodeFetchLogsResponse, encodeFetchLogsResponse } from '@warg/protocol/api';
import { type Allocated, allocatedBy } from './allocated.ts';
import { packageOf } from './publisher.ts';

const PACKAGES = 50;
const RECORDS = 10;

export async function countRecords(): Promise<Record<string, Allocated>> {
  const names = Array.from({ length: PACKAGES }, (_, n) => `test:package${n}`);
  const packages = new Map(
    names.map((name, n) => [
      packageLogId(parsePackageName(name)),
      packageOf(name, RECORDS).map(({ envelope }, i) => {
        const registryIndex = 1 + n * RECORDS + i;
        return { ...envelope, registryIndex, fetchToken: String(registryIndex) };
      }),
    ]),
  );
  const text = encodeFetchLogsResponse({ more: false, operator: [], packages, warnings: [] });
  const decode = () => decodeFetchLogsResponse(text);
  const verify = () => {
    for (const records of packages.values()) validatePackageLog(emptyPackageState, records);
  };
  decode();
  verify();
  return {
    'protocol: a fetched record, decoded': await allocatedBy(PACKAGES * RECORDS, decode),
    'protocol: a record, folded and verified': await allocatedBy(PACKAGES * RECORDS, verify),
  };
}
