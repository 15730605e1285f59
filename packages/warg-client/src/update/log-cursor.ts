import { equalBytes } from '@warg/crypto';
import type { PublishedEnvelope } from '@warg/protocol';
import { ClientError } from '../errors.ts';

const maxTokenLength = 1024;

/** Where reading begins: behind the last record that is known. */
export interface LogPosition {
  /** Names the last record that is known. */
  readonly fetchToken: string;
  readonly registryIndex: number;
  /** The records that are known, read when they are needed. */
  load(): Promise<readonly PublishedEnvelope[]>;
}

/** How far a log was read. */
export interface LogCursor {
  /** The token of the last record that is here; undefined at the log's beginning. */
  token(): string | undefined;
  /** Whether anything is here, from before or from now. */
  isEmpty(): boolean;
  /** Takes the records that came next, and says how many. */
  append(records: readonly PublishedEnvelope[]): number;
  /**
   * Begins again at the log's beginning, because the registry does not know the token any more. Only what was
   * known before may be read again; false where something of this reading came already.
   */
  restart(): boolean;
  /** The records behind those that are known. */
  news(): Promise<readonly PublishedEnvelope[]>;
}

/** A cursor behind what is known of a log. @param what the log's name, for messages */
export function logCursor(known: LogPosition | undefined, what: string): LogCursor {
  const received: PublishedEnvelope[] = [];
  let restarted = false;
  const last = () => received.at(-1) ?? (restarted ? undefined : known);
  return {
    token: () => last()?.fetchToken,
    isEmpty: () => last() === undefined,
    append(records) {
      for (const record of records) {
        if (record.fetchToken.length > maxTokenLength) throw tokenTooLong(what, record);
        // Checked once more with everything else; here it keeps a registry from sending the same for ever.
        if (record.registryIndex <= (last()?.registryIndex ?? -1)) throw goesBack(what, record);
        received.push(record);
      }
      return records.length;
    },
    restart() {
      if (restarted || received.length > 0 || known === undefined) return false;
      restarted = true;
      return true;
    },
    async news() {
      if (!restarted || known === undefined) return received;
      const before = await known.load();
      before.forEach((record, position) => {
        const again = received[position];
        if (again === undefined || !isSame(record, again)) throw notTheSame(what, position);
      });
      return received.slice(before.length);
    },
  };
}

function isSame(a: PublishedEnvelope, b: PublishedEnvelope): boolean {
  return a.registryIndex === b.registryIndex && equalBytes(a.contentBytes, b.contentBytes);
}

function tokenTooLong(what: string, { fetchToken }: PublishedEnvelope): ClientError {
  return new ClientError(
    'RESPONSE_INVALID',
    `expected fetch tokens of at most ${maxTokenLength} characters, found ${fetchToken.length} in ${what}`,
  );
}

function goesBack(what: string, { registryIndex }: PublishedEnvelope): ClientError {
  return new ClientError(
    'REGISTRY_INDEX_INVALID',
    `expected the records of ${what} in the order of the registry's log, found ${registryIndex} after a greater index`,
    { found: String(registryIndex) },
  );
}

function notTheSame(what: string, position: number): ClientError {
  return new ClientError(
    'LOG_VANISHED',
    `expected ${what} to begin with the records that it had before, found another one as record ${position}: records never disappear`,
  );
}
