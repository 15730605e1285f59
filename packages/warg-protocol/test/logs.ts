// Logs for tests of the state machines: records that follow each other, signed by whoever the test says.

import type { PrivateKey } from '@warg/crypto';
import {
  type Envelope,
  type LogState,
  type OperatorEntry,
  type PackageEntry,
  signOperatorRecord,
  signPackageRecord,
  type Timestamp,
} from '../src/index.ts';

export const at = (seconds: number): Timestamp => ({ seconds: BigInt(seconds), nanos: 0 });

/** A record behind the head of the state, a second later. */
export function nextPackageRecord(
  state: LogState<string>,
  key: PrivateKey,
  ...entries: readonly PackageEntry[]
): Envelope {
  return signPackageRecord({ prev: state.head?.recordId, time: afterHead(state), entries }, key);
}

/** A record behind the head of the state, a second later. */
export function nextOperatorRecord(
  state: LogState<string>,
  key: PrivateKey,
  ...entries: readonly OperatorEntry[]
): Envelope {
  return signOperatorRecord({ prev: state.head?.recordId, time: afterHead(state), entries }, key);
}

function afterHead(state: LogState<string>): Timestamp {
  return state.head ? { ...state.head.time, seconds: state.head.time.seconds + 1n } : at(1_700_000_000);
}

/** The same state, in which nothing can be changed: objects are frozen, maps and sets throw. */
export function frozen<T>(value: T): T {
  if (value instanceof Map)
    return locked(new Map([...value].map(([k, v]) => [k, frozen(v)])), ['set', 'delete', 'clear']) as T;
  if (value instanceof Set) return locked(new Set(value), ['add', 'delete', 'clear']) as T;
  if (typeof value !== 'object' || value === null) return value;
  const members = Object.entries(value).map(([name, member]) => [name, frozen(member)]);
  return Object.freeze(Object.fromEntries(members)) as T;
}

function locked<C extends object>(collection: C, methods: readonly string[]): C {
  for (const method of methods) {
    Object.defineProperty(collection, method, {
      value: () => {
        throw new Error(`${method} was called on a frozen collection`);
      },
    });
  }
  return collection;
}
