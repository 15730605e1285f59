// What package and operator records have in common once their fields have meaning.

import { quote, WargError } from '@warg/crypto';
import { RecordError } from '../errors.ts';
import { type HashText, parseHashText } from '../ids.ts';
import type { EntryMessage, RecordMessage } from './record-message.ts';
import { normalizeTimestamp, requireNormalized, type Timestamp } from './timestamp.ts';

/** What every record has besides its entries. */
export interface RecordFrame {
  /** The id of the record before, in the same log; undefined in the first. */
  readonly prev: HashText | undefined;
  /** The version of the protocol: 0. A decoded record may have any number of 32 bits. */
  readonly version: number;
  /** When the record was made, by the clock of its signer. */
  readonly time: Timestamp;
}

/** The version of the protocol that records are written with. */
export const RECORD_VERSION = 0;

const U32_MAX = 2 ** 32 - 1;

/** Gives a decoded message its meaning. */
export function interpretRecord<E>(
  message: RecordMessage,
  interpretEntry: (entry: EntryMessage) => E,
): RecordFrame & { readonly entries: readonly E[] } {
  const { prev, version, time } = message;
  if (time === undefined) {
    throw new RecordError('INVALID_RECORD', 'expected a timestamp in the record, found none');
  }
  return {
    prev: prev === undefined ? undefined : explain('the hash `prev`', () => parseHashText(prev)),
    version,
    time: normalizeTimestamp(time.seconds, time.nanos),
    entries: message.entries.map((entry, index) =>
      explain(`entry ${index}`, () => {
        if (entry === undefined) {
          throw new RecordError('INVALID_RECORD', 'expected an entry of a known type, found none');
        }
        return interpretEntry(entry);
      }),
    ),
  };
}

/** The fields of a frame, checked, as its message has them. */
export function frameToMessage(record: RecordFrame): RecordFrame {
  const { prev, version, time } = record;
  if (!Number.isInteger(version) || version < 0 || version > U32_MAX) {
    throw new RecordError('UNENCODABLE_RECORD', `expected a version from 0 to 2^32 - 1, found ${version}`);
  }
  requireNormalized(time);
  return { prev, version, time };
}

/** A permission of the list `names`, where number 0 stands for none. */
export function permissionsOf<P extends string>(
  numbers: readonly number[],
  names: readonly P[],
): readonly P[] {
  return numbers.map((number) => {
    const name = names[number - 1];
    if (name !== undefined) return name;
    throw new RecordError(
      'INVALID_RECORD',
      `expected permissions from 1 to ${names.length} (${names.join(', ')}), found ${number}`,
    );
  });
}

/** The numbers of permissions. */
export function permissionNumbers<P extends string>(
  permissions: readonly P[],
  names: readonly P[],
): number[] {
  return permissions.map((permission) => {
    const index = names.indexOf(permission);
    if (index >= 0) return index + 1;
    throw new RecordError(
      'UNENCODABLE_RECORD',
      `expected permissions out of ${names.join(', ')}, found ${quote(String(permission))}`,
    );
  });
}

/** Runs `read`; what it refuses becomes an `INVALID_RECORD` that says where. */
export function explain<T>(where: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof WargError)) throw error;
    throw new RecordError('INVALID_RECORD', `${where}: ${error.message}`, { cause: error });
  }
}
