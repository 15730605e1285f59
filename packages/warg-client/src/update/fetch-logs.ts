import type {
  LogId,
  OperatorState,
  PackageName,
  PackageState,
  PublishedEnvelope,
  SignedCheckpoint,
} from '@warg/protocol';
import type { FetchLogsResponse, RegistryHint } from '@warg/protocol/api';
import { ClientError } from '../errors.ts';
import type { Limits } from '../limits.ts';
import { type ApiCall, apiErrorOf, type RegistryApi } from '../registry/registry-api.ts';
import { isSameState } from '../verify/checkpoint.ts';
import type { KnownLog } from '../verify/log.ts';

/** A package that is asked for, and what is known of it. */
export interface WantedLog {
  readonly name: PackageName;
  readonly logId: LogId;
  readonly known: KnownLog<PackageState> | undefined;
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
}

const maxTokenLength = 1024;
const recordsPerAnswer = 20_000;

/**
 * Fetches the records that are missing of the operator log and of the wanted logs, page by page, many logs in a
 * request. Logs that were proved at this very state are not asked for again.
 *
 * @throws ClientError `LOG_VANISHED` | `LOG_INCOMPLETE` | `RESPONSE_TOO_LARGE`, and what a call may throw
 */
export async function fetchLogs(
  api: RegistryApi,
  question: {
    readonly checkpoint: SignedCheckpoint;
    readonly operator: KnownLog<OperatorState> | undefined;
    readonly wanted: readonly WantedLog[];
  },
  limits: Limits,
  call: ApiCall,
  onRecords: (received: number) => void,
): Promise<FetchedLogs> {
  const { checkpoint } = question;
  const isCurrent = (log: KnownLog<unknown> | undefined) =>
    log !== undefined && isSameState(log.provedAt, checkpoint);
  const missing = question.wanted.filter(({ known }) => !isCurrent(known));
  const operator: PublishedEnvelope[] = [];
  const packages = new Map<LogId, PublishedEnvelope[]>(question.wanted.map(({ logId }) => [logId, []]));
  const unknown: { wanted: WantedLog; hint: RegistryHint | undefined }[] = [];
  const warnings = new Set<string>();
  let total = 0;
  let operatorDone = isCurrent(question.operator);

  const batches = chunks(missing, limits.packagesPerRequest);
  // The operator log comes with whatever is asked for, and alone where nothing is.
  if (batches.length === 0 && !operatorDone) batches.push([]);

  for (const batch of batches) {
    const pending = new Map(batch.map((wanted) => [wanted.logId, wanted]));
    for (let more = true; more; ) {
      const answer = await ask(pending);
      if (answer === undefined) {
        // One log was unknown and is not pending any more. The operator log may still be.
        more = pending.size > 0 || !operatorDone;
        continue;
      }
      const received = take(answer, pending);
      more = answer.more;
      operatorDone ||= !more;
      if (more && received === 0) {
        throw new ClientError(
          'LOG_INCOMPLETE',
          'the registry says that there are more records, and sends none',
        );
      }
    }
  }
  return { operator, packages, unknown, warnings: [...warnings] };

  async function ask(pending: Map<LogId, WantedLog>): Promise<FetchLogsResponse | undefined> {
    const operatorToken = (operator.at(-1) ?? question.operator?.records.at(-1))?.fetchToken;
    try {
      return await api.logs(
        {
          logLength: checkpoint.contents.logLength,
          limit: Math.min(1000, Math.max(10, Math.floor(recordsPerAnswer / (pending.size + 1)))),
          operator: operatorToken,
          packages: new Map([...pending].map(([logId, wanted]) => [logId, tokenOf(wanted)])),
        },
        call,
      );
    } catch (error) {
      const found = apiErrorOf(error);
      const wanted = found?.case.variant === 'LogNotFound' ? pending.get(found.case.id as LogId) : undefined;
      if (wanted === undefined) throw error;
      if (wanted.known !== undefined || packages.get(wanted.logId)!.length > 0) throw vanished(wanted, error);
      const hint = (error as ClientError).details.hint;
      unknown.push({ wanted, hint });
      pending.delete(wanted.logId);
      packages.delete(wanted.logId);
      return undefined;
    }
  }

  function tokenOf({ logId, known }: WantedLog): string | null {
    return (packages.get(logId)?.at(-1) ?? known?.records.at(-1))?.fetchToken ?? null;
  }

  function take(answer: FetchLogsResponse, pending: ReadonlyMap<LogId, WantedLog>): number {
    let received = append(operator, answer.operator);
    for (const [logId, records] of answer.packages) {
      const log = pending.has(logId) ? packages.get(logId) : undefined;
      if (log === undefined) {
        throw new ClientError(
          'LOG_INCOMPLETE',
          `the registry sent records of log ${logId}, which was not asked for`,
          { logId },
        );
      }
      received += append(log, records);
    }
    for (const { message } of answer.warnings.slice(0, 20)) warnings.add(forPeople(message));
    total += received;
    if (total > limits.recordsPerUpdate) {
      throw new ClientError(
        'RESPONSE_TOO_LARGE',
        `expected at most ${limits.recordsPerUpdate} records in one update, found more: update fewer packages at a time`,
      );
    }
    onRecords(total);
    return received;
  }
}

function append(log: PublishedEnvelope[], records: readonly PublishedEnvelope[]): number {
  for (const record of records) {
    if (record.fetchToken.length > maxTokenLength) {
      throw new ClientError(
        'RESPONSE_INVALID',
        `expected fetch tokens of at most ${maxTokenLength} characters, found ${record.fetchToken.length}`,
      );
    }
    log.push(record);
  }
  return records.length;
}

function vanished({ name, logId }: WantedLog, cause: unknown): ClientError {
  return new ClientError(
    'LOG_VANISHED',
    `expected the registry to have ${name}, which it had before, found that it denies it: a package never disappears`,
    { name, logId },
    { cause },
  );
}

/** Control characters, and those that turn or hide text: all that must not get into a terminal. */
const unprintable = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]+/gu;

/** A registry's words as a terminal may show them: one line, no control characters, not long. */
export function forPeople(text: string): string {
  const clean = text.replace(unprintable, ' ').trim();
  return clean.length > 500 ? `${clean.slice(0, 500)}…` : clean;
}

export function chunks<T>(list: readonly T[], size: number): T[][] {
  const result: T[][] = [];
  for (let at = 0; at < list.length; at += size) result.push(list.slice(at, at + size));
  return result;
}
