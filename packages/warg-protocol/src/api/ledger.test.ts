import { concatBytes, digestOf, digestToBytes } from '@warg/crypto';
import { describe, expect, it } from 'vitest';
import type { LogId, RecordId } from '../ids.ts';
import { DecodeError, EncodeError } from '../json/index.ts';
import { formatRegistryHint, parseRegistryHint } from './headers.ts';
import { decodeLedgerRecords, encodeLedgerRecords } from './ledger.ts';
import { paths } from './paths.ts';

const records = Array.from({ length: 1001 }, (_, i) => ({
  logId: digestOf(new Uint8Array([i & 0xff])) as LogId,
  recordId: digestOf(new Uint8Array([1, i & 0xff])) as RecordId,
}));

describe('packed records of the ledger', () => {
  it('are 64 bytes each', () => {
    const [first] = records;
    if (first === undefined) throw new Error('no record');
    const packed = encodeLedgerRecords([first]);
    expect(packed).toEqual(concatBytes(digestToBytes(first.logId), digestToBytes(first.recordId)));
    expect(decodeLedgerRecords(encodeLedgerRecords(records.slice(0, 1000)))).toEqual(records.slice(0, 1000));
    expect(decodeLedgerRecords(new Uint8Array())).toEqual([]);
  });

  it('are refused when there is half a one, or too many', () => {
    expect(() => decodeLedgerRecords(new Uint8Array(63))).toThrow(DecodeError);
    expect(() => decodeLedgerRecords(new Uint8Array(96))).toThrow(
      expect.objectContaining({ code: 'INVALID_BODY' }),
    );
    expect(() => decodeLedgerRecords(new Uint8Array(64 * 1001))).toThrow(
      expect.objectContaining({ code: 'BODY_TOO_LARGE' }),
    );
    expect(() => encodeLedgerRecords(records)).toThrow(EncodeError);
  });
});

describe('registry hints', () => {
  it('are read as they are written', () => {
    const hint = { namespace: 'wasi', registry: 'wasi.example:8443' };
    expect(formatRegistryHint(hint)).toBe('wasi=wasi.example:8443');
    expect(parseRegistryHint('wasi=wasi.example:8443')).toEqual(hint);
  });

  it.each([
    null,
    undefined,
    '',
    'wasi',
    '=x',
    'wasi=',
    'wasi=https://x',
    'Wasi=x',
    'wasi=a b',
    'wasi=a\r\nb',
    `wasi=${'a'.repeat(600)}`,
  ])('are nothing if they are %j', (value) => {
    expect(parseRegistryHint(value)).toBeUndefined();
  });
});

describe('paths', () => {
  it('make routes of parameters', () => {
    expect(paths.recordContent(':logId', ':recordId', ':digest')).toBe(
      'v1/package/:logId/record/:recordId/content/:digest',
    );
    expect(paths.ledgerRecords(1000)).toBe('v1/ledger/records/1000');
    expect(paths.proveAbsence()).toBe('v1/proof/absence');
  });
});
