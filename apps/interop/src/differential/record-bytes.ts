// Package records written field by field. The packages under test have encoders of their own; these requests do
// without, because half of them must say what those encoders refuse to write.

import {
  concatBytes,
  digestOf,
  encodeBase64,
  encodeUtf8,
  keyIdOf,
  type PrivateKey,
  publicKeyOf,
  SignaturePrefix,
  sign,
} from '@warg/crypto';

export interface Envelope {
  readonly contentBytes: string;
  readonly keyId: string;
  readonly signature: string;
}

/** One protobuf field with its tag. */
export type Field = Uint8Array;

export function varint(value: number | bigint): Uint8Array {
  const bytes: number[] = [];
  let rest = BigInt.asUintN(64, BigInt(value));
  do {
    const low = Number(rest & 0x7fn);
    rest >>= 7n;
    bytes.push(rest > 0n ? low | 0x80 : low);
  } while (rest > 0n);
  return Uint8Array.from(bytes);
}

export const numberField = (number: number, value: number | bigint): Field =>
  concatBytes(varint(number << 3), varint(value));

export const bytesField = (number: number, value: Uint8Array): Field =>
  concatBytes(varint((number << 3) | 2), varint(value.length), value);

export const textField = (number: number, value: string): Field => bytesField(number, encodeUtf8(value));

/** What a record holds; each part may be any bytes at all. */
export interface RecordParts {
  readonly prev?: string | undefined;
  readonly version?: number | bigint;
  /** Seconds since the epoch, or the bytes of the timestamp message; undefined leaves the field out. */
  readonly time?: number | bigint | Uint8Array | undefined;
  readonly entries: readonly Uint8Array[];
  /** Further fields, after all others. */
  readonly extra?: readonly Field[];
}

export function recordBytes({ prev, version, time, entries, extra = [] }: RecordParts): Uint8Array {
  const stamp = time instanceof Uint8Array || time === undefined ? time : numberField(1, time);
  return concatBytes(
    ...(prev === undefined ? [] : [textField(1, prev)]),
    ...(version === undefined ? [] : [numberField(2, version)]),
    ...(stamp === undefined ? [] : [bytesField(3, stamp)]),
    ...entries.map((entry) => bytesField(4, entry)),
    ...extra,
  );
}

const permissionNumbers = { release: 1, yank: 2 } as const;
export type PermissionName = keyof typeof permissionNumbers;

const permissionList = (permissions: readonly (PermissionName | number)[]): Field =>
  bytesField(
    2,
    concatBytes(...permissions.map((one) => varint(typeof one === 'number' ? one : permissionNumbers[one]))),
  );

/** The entries of a package record, each as the bytes of one `PackageEntry`. */
export const entry = {
  init: (key: string, algorithm = 'sha256') =>
    bytesField(1, concatBytes(textField(1, key), textField(2, algorithm))),
  grant: (key: string, permissions: readonly (PermissionName | number)[]) =>
    bytesField(2, concatBytes(textField(1, key), permissionList(permissions))),
  revoke: (keyId: string, permissions: readonly (PermissionName | number)[]) =>
    bytesField(3, concatBytes(textField(1, keyId), permissionList(permissions))),
  release: (version: string, content: string) =>
    bytesField(4, concatBytes(textField(1, version), textField(2, content))),
  yank: (version: string) => bytesField(5, textField(1, version)),
  empty: () => new Uint8Array(0),
};

export function signEnvelope(contents: Uint8Array, key: PrivateKey): Envelope {
  return {
    contentBytes: encodeBase64(contents),
    keyId: keyIdOf(publicKeyOf(key)),
    signature: sign(key, SignaturePrefix.packageRecord, contents),
  };
}

export function packageRecordId(contents: Uint8Array): string {
  return digestOf(encodeUtf8('WARG-PACKAGE-LOG-RECORD-V0:'), contents);
}

/** The log id of any text, also of one that is no package name. */
export function packageLogId(name: string): string {
  const text = encodeUtf8(name);
  return digestOf(encodeUtf8('WARG-PACKAGE-LOG-ID-V0:WARG-PACKAGE-ID-V0'), varint(text.length), text);
}
