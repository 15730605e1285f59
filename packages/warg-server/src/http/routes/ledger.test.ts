import { digestToBytes } from '@warg/crypto';
import { paths } from '@warg/protocol/api';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type TestRecord, testPackage } from '../../../test/publisher.ts';
import { openRegistry, type RegistryCaller } from '../../../test/registry-caller.ts';
import type { Registry } from '../../create-registry.ts';

let registry: Registry;
let call: RegistryCaller;
const records: readonly TestRecord[] = ['test:a', 'test:b', 'test:c'].map((name) => testPackage(name).init());

beforeAll(async () => {
  const opened = await openRegistry();
  registry = opened;
  call = opened.call;
  for (const record of records) await call.settle(record);
});
afterAll(() => registry.close());

describe('v1/ledger', () => {
  it('lists the parts of the ledger, whose records are packed', async () => {
    const { sources } = (await call.get(paths.ledger())).json<{ sources: { url: string }[] }>();
    expect(sources).toEqual([
      {
        firstRegistryIndex: 0,
        lastRegistryIndex: 3,
        url: 'v1/ledger/records/0',
        contentType: 'application/vnd.warg.ledger.packed',
      },
    ]);
    const packed = await call.get(sources[0]!.url);
    expect(packed.headers.get('content-type')).toBe('application/vnd.warg.ledger.packed');
    expect(packed.bytes.byteLength).toBe(4 * 64);
    records.forEach(({ logId, recordId }, n) => {
      expect(packed.bytes.subarray((n + 1) * 64, (n + 2) * 64)).toEqual(
        new Uint8Array([...digestToBytes(logId), ...digestToBytes(recordId)]),
      );
    });
  });

  it('begins where it is told to, and is empty behind the end', async () => {
    expect((await call.get(paths.ledgerRecords(3))).bytes.byteLength).toBe(64);
    for (const start of ['4', '18446744073709551615']) {
      const answer = await call.get(paths.ledgerRecords(start));
      expect(answer.status).toBe(200);
      expect(answer.bytes.byteLength).toBe(0);
    }
  });

  it.each(['x', '-1', '1.5', '00', '18446744073709551616', '1'.repeat(100)])(
    'cannot begin at %s',
    async (start) => {
      const answer = await call.get(paths.ledgerRecords(start));
      expect(answer.status).toBe(400);
      expect(answer.json()).toMatchObject({ status: 400 });
    },
  );
});
