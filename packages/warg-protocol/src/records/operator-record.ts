import { type HashAlgorithm, type PublicKey, parseHashAlgorithm, parsePublicKey } from '@warg/crypto';
import { RecordError } from '../errors.ts';
import {
  frameToMessage,
  interpretRecord,
  permissionNumbers,
  permissionsOf,
  type RecordFrame,
} from './record-frame.ts';
import {
  decodeRecordMessage,
  type EntryLayouts,
  type EntryMessage,
  encodeRecordMessage,
} from './record-message.ts';

/** What a key may do in the operator log. `commit` is also the permission to sign checkpoints. */
export type OperatorPermission = 'commit' | 'defineNamespace' | 'importNamespace';

/** All permissions, in the order of their numbers on the wire: the first is 1. */
export const OPERATOR_PERMISSIONS: readonly OperatorPermission[] = [
  'commit',
  'defineNamespace',
  'importNamespace',
];

/** One thing that an operator record does. */
export type OperatorEntry =
  /** Begins the log. The signer gets all permissions; that the key is the signer's is for readers to demand. */
  | { readonly type: 'init'; readonly hashAlgorithm: HashAlgorithm; readonly key: PublicKey }
  /** Gives a key permissions that the signer has. */
  | {
      readonly type: 'grantFlat';
      readonly key: PublicKey;
      readonly permissions: readonly OperatorPermission[];
    }
  /** Takes permissions away. The key id is whatever the record names. */
  | {
      readonly type: 'revokeFlat';
      readonly keyId: string;
      readonly permissions: readonly OperatorPermission[];
    }
  /** Opens a namespace for packages of this registry. A decoded one may be any text: the fold refuses it. */
  | { readonly type: 'defineNamespace'; readonly namespace: string }
  /** Says that another registry has the packages of a namespace. */
  | { readonly type: 'importNamespace'; readonly namespace: string; readonly registry: string };

/** One record of a registry's operator log. */
export interface OperatorRecord extends RecordFrame {
  readonly entries: readonly OperatorEntry[];
}

const INIT = 1;
const GRANT_FLAT = 2;
const REVOKE_FLAT = 3;
const DEFINE_NAMESPACE = 4;
const IMPORT_NAMESPACE = 5;

const LAYOUTS: EntryLayouts = {
  [INIT]: ['text', 'text'],
  [GRANT_FLAT]: ['text', 'permissions'],
  [REVOKE_FLAT]: ['text', 'permissions'],
  [DEFINE_NAMESPACE]: ['text'],
  [IMPORT_NAMESPACE]: ['text', 'text'],
};

/**
 * Reads the bytes of an operator record. Keep the bytes: ids and signatures are over them, and encoding the result
 * again may give others.
 *
 * @throws RecordError `INVALID_PROTOBUF` | `INVALID_RECORD` | `RECORD_TOO_LARGE`
 */
export function decodeOperatorRecord(contentBytes: Uint8Array): OperatorRecord {
  return interpretRecord(decodeRecordMessage(contentBytes, LAYOUTS), interpretEntry);
}

function interpretEntry({ kind, values }: EntryMessage): OperatorEntry {
  const [first, second] = values as [string, never];
  switch (kind) {
    case INIT:
      // The algorithm comes first here, the key in a package's init.
      return { type: 'init', hashAlgorithm: parseHashAlgorithm(first), key: parsePublicKey(second) };
    case GRANT_FLAT:
      return {
        type: 'grantFlat',
        key: parsePublicKey(first),
        permissions: permissionsOf(second, OPERATOR_PERMISSIONS),
      };
    case REVOKE_FLAT:
      return { type: 'revokeFlat', keyId: first, permissions: permissionsOf(second, OPERATOR_PERMISSIONS) };
    case DEFINE_NAMESPACE:
      return { type: 'defineNamespace', namespace: first };
    default:
      return { type: 'importNamespace', namespace: first, registry: second };
  }
}

/**
 * The bytes of an operator record: always the same for the same record, and the same as the reference's.
 *
 * @throws RecordError `UNENCODABLE_RECORD` for a number out of range or an unknown entry type or permission
 */
export function encodeOperatorRecord(record: OperatorRecord): Uint8Array {
  return encodeRecordMessage({ ...frameToMessage(record), entries: record.entries.map(entryToMessage) });
}

function entryToMessage(entry: OperatorEntry): EntryMessage {
  switch (entry.type) {
    case 'init':
      return { kind: INIT, values: [entry.hashAlgorithm, entry.key] };
    case 'grantFlat':
      return {
        kind: GRANT_FLAT,
        values: [entry.key, permissionNumbers(entry.permissions, OPERATOR_PERMISSIONS)],
      };
    case 'revokeFlat':
      return {
        kind: REVOKE_FLAT,
        values: [entry.keyId, permissionNumbers(entry.permissions, OPERATOR_PERMISSIONS)],
      };
    case 'defineNamespace':
      return { kind: DEFINE_NAMESPACE, values: [entry.namespace] };
    case 'importNamespace':
      return { kind: IMPORT_NAMESPACE, values: [entry.namespace, entry.registry] };
    default:
      return assertNever(entry);
  }
}

function assertNever(entry: never): never {
  const type = (entry as { type?: unknown }).type;
  throw new RecordError(
    'UNENCODABLE_RECORD',
    `expected an entry of an operator record, found type ${String(type)}`,
  );
}
