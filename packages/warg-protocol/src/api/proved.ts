import { quote } from '@warg/crypto';
import { parseLogId } from '../ids.ts';
import {
  arrayOf,
  DecodeError,
  type JsonReader,
  readBoolean,
  readMember,
  readObject,
  readOptional,
  writeArray,
} from '../json/index.ts';
import { type SignedCheckpoint, signedCheckpointForm } from './checkpoint.ts';
import { type PublishedRecord, publishedRecordForm } from './fetch.ts';
import { limits } from './limits.ts';
import { paths } from './paths.ts';
import { type InclusionResponse, inclusionResponseForm } from './proof.ts';
import {
  decodeStrict,
  type JsonInput,
  type MessageForm,
  type StrictValues,
  type WireValues,
} from './values.ts';

/**
 * `GET v1/proved/{logId}@{logLength}`: a log at a checkpoint, and everything that is needed to believe it. Only this
 * implementation's servers have it; they say so with `Warg-Features: proved` beside their newest checkpoint.
 *
 * What is asked stands in the URL alone, and what is answered never changes: so caches can keep it for good. Whoever
 * knows a part already says behind which record to go on. Those who are up to date all know the same records, and so
 * share a URL again.
 */
export interface ProvedLogRequest<V extends WireValues = StrictValues> {
  /** A package's log, or the operator log. */
  readonly logId: StrictValues['logId'];
  /** The length of a signed checkpoint. */
  readonly logLength: V['integer'];
  /** The token of the last record of the log that is known. */
  readonly after?: string | undefined;
  /** The token of the last operator record that is known. Not where the operator log itself is asked for. */
  readonly operator?: string | undefined;
}

/** The records of one log behind those that are known, in order. */
export interface ProvedRecords<V extends WireValues = StrictValues> {
  readonly records: readonly PublishedRecord<V>[];
  /**
   * That the log's head at the checkpoint, and no other record, stands in the registry's log and map. There where
   * the records go up to the head, which is where the answer says `more: false`.
   */
  readonly inclusion?: InclusionResponse | undefined;
}

/** The answer of `GET v1/proved/{logId}@{logLength}`. */
export interface ProvedLogResponse<V extends WireValues = StrictValues> {
  /** The checkpoint of that length; of one that was signed more than once, any of these. */
  readonly checkpoint: SignedCheckpoint<V>;
  /** Whether one of the logs has further records: they are behind the last ones that are here. */
  readonly more: boolean;
  /** The operator log; undefined where that itself was asked for. */
  readonly operator?: ProvedRecords<V> | undefined;
  /** The log that was asked for. */
  readonly log: ProvedRecords<V>;
}

const readRecords = arrayOf(publishedRecordForm.read);

function readProvedRecords(isWhole: boolean): JsonReader<ProvedRecords<WireValues>> {
  return (value, at) => {
    const object = readObject(value, at);
    const records = readMember(object, 'records', at, readRecords);
    if (!isWhole) return { records };
    return { records, inclusion: readMember(object, 'inclusion', at, inclusionResponseForm.read) };
  };
}

const readPart = readProvedRecords(false);
const readWhole = readProvedRecords(true);

function writeProvedRecords({ records, inclusion }: ProvedRecords<WireValues>): string {
  return (
    `{"records":${writeArray(records, publishedRecordForm.write)}` +
    `${inclusion === undefined ? '' : `,"inclusion":${inclusionResponseForm.write(inclusion)}`}}`
  );
}

/** @internal */
export const provedLogResponseForm: MessageForm<ProvedLogResponse<WireValues>> = {
  maxLength: limits.provedAnswer,
  read: (value, at) => {
    const object = readObject(value, at);
    const more = readMember(object, 'more', at, readBoolean);
    const readLog = more ? readPart : readWhole;
    return {
      checkpoint: readMember(object, 'checkpoint', at, signedCheckpointForm.read),
      more,
      operator: readOptional(object, 'operator', at, readLog),
      log: readMember(object, 'log', at, readLog),
    };
  },
  write: ({ checkpoint, more, operator, log }) =>
    `{"checkpoint":${signedCheckpointForm.write(checkpoint)},"more":${more}` +
    `${operator === undefined ? '' : `,"operator":${writeProvedRecords(operator)}`}` +
    `,"log":${writeProvedRecords(log)}}`,
};

/**
 * Reads a {@link ProvedLogResponse}. Nothing of it is verified here.
 *
 * @throws DecodeError, too, where `more` is false and a proof is missing
 */
export function decodeProvedLogResponse(input: JsonInput): ProvedLogResponse {
  return decodeStrict(provedLogResponseForm, input);
}

/** Writes a {@link ProvedLogResponse}. */
export function encodeProvedLogResponse(response: ProvedLogResponse<WireValues>): string {
  return provedLogResponseForm.write(response);
}

/**
 * The path and query of a request, relative to the registry's URL. The same request always has the same spelling.
 *
 * @example
 * formatProvedLogRequest({ logId, logLength: 7, operator: token }); // 'v1/proved/sha256:…@7?operator=sha256%3A…'
 */
export function formatProvedLogRequest({ logId, logLength, after, operator }: ProvedLogRequest): string {
  const query = [
    ...(after === undefined ? [] : [`after=${encodeURIComponent(after)}`]),
    ...(operator === undefined ? [] : [`operator=${encodeURIComponent(operator)}`]),
  ];
  return `${paths.provedLog(`${logId}@${logLength}`)}${query.length === 0 ? '' : `?${query.join('&')}`}`;
}

const PLACE = /^([^@]*)@(0|[1-9][0-9]{0,19})$/;
const U64_MAX = 2n ** 64n - 1n;

/**
 * Reads a request.
 *
 * Nothing unknown may stand in the query, and nothing twice: caches would keep the same answer under any number of
 * URLs.
 *
 * @param place the last part of the path, without percent-encoding: `{logId}@{logLength}`
 * @param query the members of the query, in order, without percent-encoding; a `URLSearchParams` is one
 * @throws DecodeError | IdError `INVALID_LOG_ID`
 */
export function parseProvedLogRequest(
  place: string,
  query: Iterable<readonly [name: string, value: string]>,
): ProvedLogRequest<WireValues> {
  const [, logId, digits] = PLACE.exec(place.slice(0, 200)) ?? [];
  if (logId === undefined || digits === undefined || BigInt(digits) > U64_MAX) {
    throw refused(`expected a log id, @ and a length below 2^64, found ${quote(place)}`);
  }
  const known: { after?: string; operator?: string } = {};
  for (const [name, value] of query) {
    if (name !== 'after' && name !== 'operator') {
      throw refused(`expected after or operator in the query, found ${quote(name)}`);
    }
    if (known[name] !== undefined) {
      throw refused(`expected ${name} once in the query, found it twice`);
    }
    if (value.length > limits.fetchToken) {
      throw refused(
        `expected a token of at most ${limits.fetchToken} characters as ${name}, found ${value.length}`,
      );
    }
    known[name] = value;
  }
  const length = BigInt(digits);
  const logLength = length > BigInt(Number.MAX_SAFE_INTEGER) ? length : Number(length);
  return { logId: parseLogId(logId), logLength, ...known };
}

function refused(message: string): DecodeError {
  return new DecodeError('INVALID_BODY', message);
}
