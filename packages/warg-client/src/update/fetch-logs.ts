import {
  type LogId,
  OPERATOR_LOG_ID,
  type OperatorState,
  type PackageName,
  type PackageState,
  type PublishedEnvelope,
  type SignedCheckpoint,
} from '@warg/protocol';
import type { FetchLogsResponse, RegistryHint } from '@warg/protocol/api';
import { ClientError } from '../errors.ts';
import type { Limits } from '../limits.ts';
import { type ApiCall, apiErrorOf, type RegistryApi } from '../registry/registry-api.ts';
import { forPeople } from '../registry/words.ts';
import { isSameState } from '../verify/checkpoint.ts';
import type { KnownHead, VerifiedLog } from '../verify/log.ts';
import type { InclusionAnswer } from '../verify/proofs.ts';
import { type LogPosition, logCursor } from './log-cursor.ts';

/** A package that is asked for, and what is known of it. */
export interface WantedLog {
  readonly name: PackageName;
  readonly logId: LogId;
  readonly known: KnownPackage | undefined;
}

/** What is known of a package: its head at once, its records when they are needed. */
export interface KnownPackage extends KnownHead {
  readonly fetchToken: string;
  load(): Promise<VerifiedLog<PackageState>>;
}

/** The operator log that is known, and the checkpoint that it was proved at. */
export interface KnownOperator {
  readonly log: VerifiedLog<OperatorState>;
  readonly provedAt: SignedCheckpoint;
}

/** What came for the logs that were asked for. Untrusted. */
export interface FetchedLogs {
  readonly operator: readonly PublishedEnvelope[];
  /** An entry for each wanted log that the registry knows. */
  readonly packages: ReadonlyMap<LogId, readonly PublishedEnvelope[]>;
  /** Wanted logs that the registry does not know. */
  readonly unknown: readonly { readonly wanted: WantedLog; readonly hint: RegistryHint | undefined }[];
  /** For people, cleaned. */
  readonly warnings: readonly string[];
  /** What came with the records: proofs of the logs' heads, and the checkpoint again. Empty where they came alone. */
  readonly inclusion: ReadonlyMap<LogId, InclusionAnswer>;
  readonly repeated: readonly SignedCheckpoint[];
}

const maxWarnings = 20;
const recordsPerAnswer = 20_000;

/**
 * Fetches the records that are missing of the operator log and of the wanted logs, page by page, many logs in a
 * request. Logs that were proved at this very state are not asked for again. One log alone is asked for together with
 * its proofs, where the registry has such answers.
 *
 * @throws ClientError `LOG_VANISHED` | `LOG_INCOMPLETE` | `RESPONSE_TOO_LARGE`, and what a call may throw
 */
export async function fetchLogs(
  api: RegistryApi,
  question: {
    readonly checkpoint: SignedCheckpoint;
    readonly operator: KnownOperator | undefined;
    readonly wanted: readonly WantedLog[];
  },
  limits: Limits,
  call: ApiCall,
  onRecords: (received: number) => void,
): Promise<FetchedLogs> {
  const { checkpoint } = question;
  const isCurrent = (known: { readonly provedAt: SignedCheckpoint } | undefined) =>
    known !== undefined && isSameState(known.provedAt, checkpoint);
  const missing = question.wanted.filter(({ known }) => !isCurrent(known));
  const operator = logCursor(question.operator && operatorPosition(question.operator), 'the operator log');
  const cursors = new Map(
    question.wanted.map(({ name, logId, known }) => [
      logId,
      logCursor(known && packagePosition(known), name),
    ]),
  );
  const unknown: { wanted: WantedLog; hint: RegistryHint | undefined }[] = [];
  const warnings = new Set<string>();
  const inclusion = new Map<LogId, InclusionAnswer>();
  const repeated: SignedCheckpoint[] = [];
  let records = 0;
  let bytes = 0;
  let operatorDone = isCurrent(question.operator);

  const batches = chunks(missing, limits.packagesPerRequest);
  // The operator log comes with whatever is asked for, and alone where nothing is.
  if (batches.length === 0 && !operatorDone) batches.push([]);

  for (const batch of batches) {
    const pending = new Map(batch.map((wanted) => [wanted.logId, wanted]));
    while (pending.size > 0 || !operatorDone) {
      const answer = await ask(pending);
      if (answer === undefined) continue;
      const received = take(answer, pending);
      if (!answer.more) {
        operatorDone = true;
        break;
      }
      if (received === 0) {
        throw new ClientError(
          'LOG_INCOMPLETE',
          'the registry says that there are more records, and sends none',
        );
      }
    }
  }
  const packages = new Map<LogId, readonly PublishedEnvelope[]>();
  for (const [logId, cursor] of cursors) packages.set(logId, await cursor.news());
  return {
    operator: await operator.news(),
    packages,
    unknown,
    warnings: [...warnings],
    inclusion,
    repeated,
  };

  /** undefined where the question must be put in another way, and was changed so. */
  async function ask(pending: Map<LogId, WantedLog>): Promise<FetchLogsResponse | undefined> {
    try {
      const proved = missing.length > 1 ? undefined : await askProved(pending);
      if (proved !== undefined) return proved;
      return await api.logs(
        {
          logLength: checkpoint.contents.logLength,
          limit: Math.min(1000, Math.max(10, Math.floor(recordsPerAnswer / (pending.size + 1)))),
          operator: operator.token(),
          packages: new Map([...pending.keys()].map((logId) => [logId, cursors.get(logId)!.token() ?? null])),
        },
        call,
      );
    } catch (error) {
      const found = apiErrorOf(error)?.case;
      if (found?.variant === 'LogNotFound') return leaveOut(pending, found.id as LogId, error);
      if (found?.variant === 'FetchTokenNotFound') return startOver(pending, found.id, error);
      throw error;
    }
  }

  /** Asks for one log, which is the operator's where no other is pending; undefined where that is not offered. */
  async function askProved(pending: Map<LogId, WantedLog>): Promise<FetchLogsResponse | undefined> {
    const { logLength } = checkpoint.contents;
    const [logId] = pending.keys();
    const request =
      logId === undefined
        ? { logId: OPERATOR_LOG_ID, logLength, after: operator.token() }
        : { logId, logLength, after: cursors.get(logId)!.token(), operator: operator.token() };
    const answer = await api.proved(request, call);
    if (answer === undefined) return undefined;
    const operatorPart = logId === undefined ? answer.log : answer.operator;
    if (operatorPart === undefined) {
      throw new ClientError('LOG_INCOMPLETE', 'expected operator records with the log, found none');
    }
    repeated.push(answer.checkpoint);
    for (const [id, part] of [[request.logId, answer.log] as const, [OPERATOR_LOG_ID, operatorPart] as const])
      if (part.inclusion !== undefined) inclusion.set(id, part.inclusion);
    return {
      more: answer.more,
      operator: operatorPart.records,
      packages: new Map(logId === undefined ? [] : [[logId, answer.log.records]]),
      warnings: [],
    };
  }

  function leaveOut(pending: Map<LogId, WantedLog>, logId: LogId, error: unknown): undefined {
    const wanted = pending.get(logId);
    if (wanted === undefined) throw error;
    if (wanted.known !== undefined || !cursors.get(logId)!.isEmpty()) throw vanished(wanted, error);
    unknown.push({ wanted, hint: (error as ClientError).details.hint });
    pending.delete(logId);
    cursors.delete(logId);
  }

  /** A registry may have been moved, or what it once sent as a token was no token: then the log is read again. */
  function startOver(pending: Map<LogId, WantedLog>, token: string, error: unknown): undefined {
    const all = [operator, ...[...pending.keys()].map((logId) => cursors.get(logId)!)];
    const cursor = all.find((each) => each.token() === token);
    if (cursor?.restart() !== true) throw error;
  }

  function take(answer: FetchLogsResponse, pending: ReadonlyMap<LogId, WantedLog>): number {
    let received = operator.append(answer.operator);
    bytes += sizeOf(answer.operator);
    for (const [logId, list] of answer.packages) {
      const cursor = pending.has(logId) ? cursors.get(logId) : undefined;
      if (cursor === undefined) {
        throw new ClientError(
          'LOG_INCOMPLETE',
          `the registry sent records of log ${logId}, which was not asked for`,
          { logId },
        );
      }
      received += cursor.append(list);
      bytes += sizeOf(list);
    }
    for (const { message } of answer.warnings)
      if (warnings.size < maxWarnings) warnings.add(forPeople(message));
    records += received;
    if (records > limits.recordsPerUpdate || bytes > limits.bytesPerUpdate) {
      throw new ClientError(
        'RESPONSE_TOO_LARGE',
        `expected at most ${limits.recordsPerUpdate} records and ${limits.bytesPerUpdate} bytes of them in one update, found more: update fewer packages at a time`,
      );
    }
    onRecords(records);
    return received;
  }
}

function sizeOf(records: readonly PublishedEnvelope[]): number {
  let size = 0;
  for (const { contentBytes, keyId, signature, fetchToken } of records)
    size += contentBytes.byteLength + keyId.length + signature.length + fetchToken.length;
  return size;
}

function operatorPosition({ log }: KnownOperator): LogPosition | undefined {
  const last = log.records.at(-1);
  return last && { fetchToken: last.fetchToken, registryIndex: log.headIndex, load: async () => log.records };
}

function packagePosition({ fetchToken, headIndex, load }: KnownPackage): LogPosition {
  return { fetchToken, registryIndex: headIndex, load: async () => (await load()).records };
}

function vanished({ name, logId }: WantedLog, cause: unknown): ClientError {
  return new ClientError(
    'LOG_VANISHED',
    `expected the registry to have ${name}, which it had before, found that it denies it: a package never disappears`,
    { name, logId },
    { cause },
  );
}

export function chunks<T>(list: readonly T[], size: number): T[][] {
  const result: T[][] = [];
  for (let at = 0; at < list.length; at += size) result.push(list.slice(at, at + size));
  return result;
}
