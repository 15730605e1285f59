import { create, fromBinary, toBinary } from '@bufbuild/protobuf';
import { TimestampSchema } from '@bufbuild/protobuf/wkt';
import { decodeHex, encodeHex, type PublicKey } from '@warg/crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { mutations, operatorRecords, PUBLIC_KEYS, packageRecords } from '../../test/arbitraries.ts';
import {
  OperatorPermission,
  OperatorRecordSchema,
  PackagePermission,
  PackageRecordSchema,
} from '../../test/generated/records_pb.ts';
import { RecordError } from '../errors.ts';
import { parseVersion } from '../versions/version.ts';
import {
  decodeOperatorRecord,
  encodeOperatorRecord,
  OPERATOR_PERMISSIONS,
  type OperatorEntry,
  type OperatorRecord,
} from './operator-record.ts';
import {
  decodePackageRecord,
  encodePackageRecord,
  PACKAGE_PERMISSIONS,
  type PackageEntry,
  type PackageRecord,
  scanPackageRecord,
} from './package-record.ts';
import { MAX_RECORD_BYTES } from './record-message.ts';

const RUNS = { numRuns: 300 };

/** The same record through protobuf-es, as an independent writer. */
function packageMessage({ prev, version, time, entries }: PackageRecord) {
  return create(PackageRecordSchema, {
    ...(prev === undefined ? {} : { prev }),
    version,
    time: create(TimestampSchema, time),
    entries: entries.map((entry) => ({ contents: packageContents(entry) })),
  });
}

function packageContents(entry: PackageEntry) {
  const numbers = (permissions: readonly ('release' | 'yank')[]): PackagePermission[] =>
    permissions.map((name) => (name === 'release' ? PackagePermission.RELEASE : PackagePermission.YANK));
  switch (entry.type) {
    case 'init':
      return { case: 'init', value: { key: entry.key, hashAlgorithm: entry.hashAlgorithm } } as const;
    case 'grantFlat':
      return {
        case: 'grantFlat',
        value: { key: entry.key, permissions: numbers(entry.permissions) },
      } as const;
    case 'revokeFlat':
      return {
        case: 'revokeFlat',
        value: { keyId: entry.keyId, permissions: numbers(entry.permissions) },
      } as const;
    case 'release':
      return { case: 'release', value: { version: entry.version, contentHash: entry.content } } as const;
    case 'yank':
      return { case: 'yank', value: { version: entry.version } } as const;
  }
}

function operatorMessage({ prev, version, time, entries }: OperatorRecord) {
  return create(OperatorRecordSchema, {
    ...(prev === undefined ? {} : { prev }),
    version,
    time: create(TimestampSchema, time),
    entries: entries.map((entry) => ({ contents: operatorContents(entry) })),
  });
}

function operatorContents(entry: OperatorEntry) {
  const numbers = (permissions: readonly (typeof OPERATOR_PERMISSIONS)[number][]): OperatorPermission[] =>
    permissions.map(
      (name) =>
        ({
          commit: OperatorPermission.COMMIT,
          defineNamespace: OperatorPermission.DEFINE_NAMESPACE,
          importNamespace: OperatorPermission.IMPORT_NAMESPACE,
        })[name],
    );
  switch (entry.type) {
    case 'init':
      return { case: 'init', value: { key: entry.key, hashAlgorithm: entry.hashAlgorithm } } as const;
    case 'grantFlat':
      return {
        case: 'grantFlat',
        value: { key: entry.key, permissions: numbers(entry.permissions) },
      } as const;
    case 'revokeFlat':
      return {
        case: 'revokeFlat',
        value: { keyId: entry.keyId, permissions: numbers(entry.permissions) },
      } as const;
    case 'defineNamespace':
      return { case: 'defineNamespace', value: { namespace: entry.namespace } } as const;
    case 'importNamespace':
      return {
        case: 'importNamespace',
        value: { namespace: entry.namespace, registry: entry.registry },
      } as const;
  }
}

describe('package records', () => {
  it('are the same after encoding and decoding, and their bytes after doing it again', () => {
    fc.assert(
      fc.property(packageRecords, (record) => {
        const bytes = encodePackageRecord(record);
        expect(decodePackageRecord(bytes)).toEqual(record);
        expect(encodePackageRecord(decodePackageRecord(bytes))).toEqual(bytes);
      }),
      RUNS,
    );
  });

  it('have the bytes that protobuf-es writes for the schema', () => {
    fc.assert(
      fc.property(packageRecords, (record) => {
        const bytes = encodePackageRecord(record);
        expect(encodeHex(bytes)).toBe(encodeHex(toBinary(PackageRecordSchema, packageMessage(record))));
        expect(fromBinary(PackageRecordSchema, bytes)).toEqual(packageMessage(record));
      }),
      RUNS,
    );
  });

  it('survive changes of their bytes, or are refused with a typed error', () => {
    fc.assert(
      fc.property(packageRecords, fc.array(mutations, { minLength: 1, maxLength: 3 }), (record, changes) => {
        const bytes = changes.reduce((before, change) => change(before), encodePackageRecord(record));
        decodesOrRefuses(bytes, decodePackageRecord, encodePackageRecord);
      }),
      { numRuns: 2000 },
    );
  });
});

describe('operator records', () => {
  it('are the same after encoding and decoding, and their bytes after doing it again', () => {
    fc.assert(
      fc.property(operatorRecords, (record) => {
        const bytes = encodeOperatorRecord(record);
        expect(decodeOperatorRecord(bytes)).toEqual(record);
        expect(encodeOperatorRecord(decodeOperatorRecord(bytes))).toEqual(bytes);
      }),
      RUNS,
    );
  });

  it('have the bytes that protobuf-es writes for the schema', () => {
    fc.assert(
      fc.property(operatorRecords, (record) => {
        const bytes = encodeOperatorRecord(record);
        expect(encodeHex(bytes)).toBe(encodeHex(toBinary(OperatorRecordSchema, operatorMessage(record))));
        expect(fromBinary(OperatorRecordSchema, bytes)).toEqual(operatorMessage(record));
      }),
      RUNS,
    );
  });

  it('survive changes of their bytes, or are refused with a typed error', () => {
    fc.assert(
      fc.property(operatorRecords, fc.array(mutations, { minLength: 1, maxLength: 3 }), (record, changes) => {
        const bytes = changes.reduce((before, change) => change(before), encodeOperatorRecord(record));
        decodesOrRefuses(bytes, decodeOperatorRecord, encodeOperatorRecord);
      }),
      { numRuns: 2000 },
    );
  });
});

/** What can be decoded has a canonical form that means the same; everything else is a RecordError. */
function decodesOrRefuses<R>(
  bytes: Uint8Array,
  decode: (b: Uint8Array) => R,
  encode: (r: R) => Uint8Array,
): void {
  let record: R;
  try {
    record = decode(bytes);
  } catch (error) {
    expect(error).toBeInstanceOf(RecordError);
    return;
  }
  expect(decode(encode(record))).toEqual(record);
}

it('refuses any bytes with a typed error, or reads them', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
      decodesOrRefuses(bytes, decodePackageRecord, encodePackageRecord);
      decodesOrRefuses(bytes, decodeOperatorRecord, encodeOperatorRecord);
    }),
    { numRuns: 2000 },
  );
});

it('says which entry is wrong, and how', () => {
  // A record whose second entry releases version "1".
  const time = '1a00';
  const entries = '22092a070a05312e302e30220522030a0131';
  expect(() => decodePackageRecord(decodeHex(time + entries))).toThrow(
    expect.objectContaining({
      code: 'INVALID_RECORD',
      message: expect.stringContaining('entry 1: expected a dot behind the major number'),
    }),
  );
});

it('tells malformed bytes from a record with a wrong field', () => {
  const code = (hex: string) => {
    try {
      decodePackageRecord(decodeHex(hex));
      return 'ok';
    } catch (error) {
      return (error as RecordError).code;
    }
  };
  expect(code('1a00')).toBe('ok');
  expect(code('')).toBe('INVALID_RECORD');
  expect(code('1a02')).toBe('INVALID_PROTOBUF');
  expect(code('1a002200')).toBe('INVALID_RECORD');
  expect(code('0a01611a00')).toBe('INVALID_RECORD');
});

describe('a package record of which only the message is read', () => {
  const time = { seconds: 1n, nanos: 0 };
  const [key, other] = PUBLIC_KEYS as [PublicKey, PublicKey];
  const entries: PackageEntry[] = [
    { type: 'init', hashAlgorithm: 'sha256', key },
    { type: 'yank', version: parseVersion('1.0.0') },
    { type: 'grantFlat', key: other, permissions: ['release'] },
  ];
  const record: PackageRecord = { prev: undefined, version: 0, time, entries };
  const bytes = encodePackageRecord(record);

  it('says what the rest would cost, and gives its beginning or all of it', () => {
    const scanned = scanPackageRecord(bytes, 3);
    expect(scanned).toMatchObject({ entryCount: 3, keyCount: 2 });
    expect(scanned.readBeginning()).toEqual({ ...record, entries: entries.slice(0, 1) });
    expect(scanned.read()).toEqual(decodePackageRecord(bytes));
  });

  it('does not look at what is behind the beginning, nor at more entries than the caller takes', () => {
    const broken = { ...entries[2]!, key: 'ecdsa-p256:AAAA' as PublicKey };
    const scanned = scanPackageRecord(encodePackageRecord({ ...record, entries: [entries[0]!, broken] }), 2);
    expect(scanned.readBeginning().entries).toEqual([entries[0]]);
    expect(() => scanned.read()).toThrow(expect.objectContaining({ code: 'INVALID_RECORD' }));
    const tooMany = expect.objectContaining({
      code: 'RECORD_TOO_LARGE',
      message: 'expected a record of at most 2 entries, found more',
    });
    expect(() => scanPackageRecord(bytes, 2)).toThrow(tooMany);
  });
});

describe('limits', () => {
  it('refuses a record that is too large before it reads it', () => {
    const bytes = new Uint8Array(MAX_RECORD_BYTES + 1);
    expect(() => decodePackageRecord(bytes)).toThrow(expect.objectContaining({ code: 'RECORD_TOO_LARGE' }));
    expect(() => decodeOperatorRecord(bytes)).toThrow(expect.objectContaining({ code: 'RECORD_TOO_LARGE' }));
  });

  it('reads and writes a record with as many entries as fit', () => {
    const entries: PackageEntry[] = new Array(500_000).fill({
      type: 'revokeFlat',
      keyId: '',
      permissions: [],
    });
    const record: PackageRecord = { prev: undefined, version: 0, time: { seconds: 0n, nanos: 0 }, entries };
    const bytes = encodePackageRecord(record);
    expect(bytes.length).toBe(2 + 4 * 500_000);
    expect(decodePackageRecord(bytes).entries).toHaveLength(500_000);
    expect(() => encodePackageRecord({ ...record, entries: [...entries, ...entries] })).toThrow(
      expect.objectContaining({ code: 'RECORD_TOO_LARGE' }),
    );
  });
});

describe('records that cannot be written', () => {
  const good: PackageRecord = { prev: undefined, version: 0, time: { seconds: 0n, nanos: 0 }, entries: [] };
  const key = PUBLIC_KEYS[0] as (typeof PUBLIC_KEYS)[0];
  it.each<[string, unknown]>([
    ['a negative version', { ...good, version: -1 }],
    ['a version of 33 bits', { ...good, version: 2 ** 32 }],
    ['a broken version', { ...good, version: 0.5 }],
    ['nanos of a whole second', { ...good, time: { seconds: 0n, nanos: 1_000_000_000 } }],
    ['negative nanos', { ...good, time: { seconds: 0n, nanos: -1 } }],
    ['seconds beyond 64 bits', { ...good, time: { seconds: 2n ** 63n, nanos: 0 } }],
    ['the first second of 64 bits', { ...good, time: { seconds: -(2n ** 63n), nanos: 0 } }],
    ['seconds that are a number', { ...good, time: { seconds: 5, nanos: 0 } }],
    ['an unknown permission', { ...good, entries: [{ type: 'grantFlat', key, permissions: ['commit'] }] }],
    ['an unknown entry', { ...good, entries: [{ type: 'defineNamespace', namespace: 'wasi' }] }],
  ])('%s', (_, record) => {
    expect(() => encodePackageRecord(record as PackageRecord)).toThrow(
      expect.objectContaining({ code: 'UNENCODABLE_RECORD' }),
    );
  });
});

it('numbers permissions as the schema does', () => {
  expect(PACKAGE_PERMISSIONS.map((_, i) => PackagePermission[i + 1])).toEqual(['RELEASE', 'YANK']);
  expect(OPERATOR_PERMISSIONS.map((_, i) => OperatorPermission[i + 1])).toEqual([
    'COMMIT',
    'DEFINE_NAMESPACE',
    'IMPORT_NAMESPACE',
  ]);
});
