import type { Digest } from '@warg/crypto';
import { DecodeError, type LogId, type PackageName } from '@warg/protocol';
import {
  type ContentSource,
  decodeContentSourcesResponse,
  decodeFetchLogsResponse,
  decodeFetchPackageNamesResponse,
  decodeLedgerSourcesResponse,
  decodeSignedCheckpoint,
  encodeFetchLogsRequest,
  encodeFetchPackageNamesRequest,
  type FetchLogsRequest,
  type FetchLogsResponse,
  type LedgerSource,
  limits,
  paths,
  type SignedCheckpoint,
} from '@warg/protocol/api';
import type { Patience } from '../content/remote/exchange.ts';
import { ImportError } from './errors.ts';
import type { Reach } from './reach.ts';
import { SourceHttp, SourceRefusal } from './source-http.ts';

/** Bytes of a packed record of the ledger: its log's id and its own. */
export const LEDGER_RECORD_BYTES = 64;

/** Another registry as this one reads it: by its public API, and with trust in nothing that it says. */
export interface RegistrySource {
  readonly url: string;
  checkpoint(): Promise<SignedCheckpoint>;
  logs(request: FetchLogsRequest): Promise<FetchLogsResponse>;
  names(logIds: readonly LogId[]): Promise<ReadonlyMap<LogId, PackageName | null>>;
  ledger(): Promise<readonly LedgerSource[]>;
  /** Packed records, 64 bytes each. */
  ledgerPart(url: string): Promise<Uint8Array>;
  /** Where a content can be had; none if the registry does not have it, or no longer gives it. */
  contentSources(digest: Digest): Promise<readonly ContentSource[]>;
  content(url: string): Promise<AsyncIterable<Uint8Array<ArrayBuffer>>>;
}

export interface SourceOptions {
  readonly signal?: AbortSignal | undefined;
  readonly patience?: Patience | undefined;
  /** For a private registry: one that may read everything. */
  readonly token?: string | undefined;
  /** From where the registry's host is reached; for tests. */
  readonly reachOf?: (hostname: string) => Promise<Reach>;
}

/** A registry at a URL. Its methods throw {@link ImportError}; or the signal's reason once it is aborted. */
export function openSource(
  url: string,
  { signal = new AbortController().signal, patience, token, reachOf }: SourceOptions = {},
): RegistrySource {
  const http = new SourceHttp(url, signal, patience, token, reachOf);
  return {
    url,
    checkpoint: async () =>
      decode(
        paths.fetchCheckpoint(),
        decodeSignedCheckpoint,
        await http.read({
          url: paths.fetchCheckpoint(),
          maxBytes: limits.checkpoint,
        }),
      ),
    logs: async (request) =>
      decode(
        paths.fetchLogs(),
        decodeFetchLogsResponse,
        await http.read({
          url: paths.fetchLogs(),
          body: encodeFetchLogsRequest(request),
          maxBytes: limits.fetchLogsAnswer,
        }),
      ),
    names: async (packages) =>
      decode(
        paths.fetchNames(),
        decodeFetchPackageNamesResponse,
        await http.read({
          url: paths.fetchNames(),
          body: encodeFetchPackageNamesRequest({ packages }),
          maxBytes: limits.fetchNamesAnswer,
        }),
      ).packages,
    ledger: async () =>
      decode(
        paths.ledger(),
        decodeLedgerSourcesResponse,
        await http.read({
          url: paths.ledger(),
          maxBytes: limits.answer,
        }),
      ).sources,
    ledgerPart: async (part) => {
      const bytes = await http.read({ url: part, maxBytes: limits.ledgerRecords * LEDGER_RECORD_BYTES });
      if (bytes.length % LEDGER_RECORD_BYTES === 0) return bytes;
      throw new ImportError(
        'IMPORT_ANSWER_INVALID',
        `expected packed records of ${LEDGER_RECORD_BYTES} bytes each from ${part}, found ${bytes.length} bytes`,
      );
    },
    contentSources: async (digest) => {
      const path = paths.content(digest);
      try {
        const answer = await http.read({ url: path, maxBytes: limits.answer });
        return decode(path, decodeContentSourcesResponse, answer).contentSources.get(digest) ?? [];
      } catch (error) {
        // Not there (404); gone or withdrawn (410, 451).
        if (error instanceof SourceRefusal && [404, 410, 451].includes(error.status)) return [];
        throw error;
      }
    },
    content: (at) => http.stream(at),
  };
}

function decode<T>(path: string, read: (input: Uint8Array) => T, bytes: Uint8Array): T {
  try {
    return read(bytes);
  } catch (cause) {
    if (!(cause instanceof DecodeError)) throw cause;
    throw new ImportError('IMPORT_ANSWER_INVALID', `the answer of ${path} cannot be read: ${cause.message}`, {
      cause,
    });
  }
}
