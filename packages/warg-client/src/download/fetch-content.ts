import type { Digest } from '@warg/crypto';
import {
  type ApiError,
  type ContentSource,
  decodeApiError,
  limits as protocolLimits,
} from '@warg/protocol/api';
import type { ContentSink } from '../content/content.ts';
import { contentMismatch, hashInto } from '../content/hashing.ts';
import { type ClientContext, reporter } from '../context.ts';
import { ClientError, isClientError } from '../errors.ts';
import { announcedSize, bodyChunks, readBody } from '../http/body.ts';
import { demandReachable, parseLink, redact } from '../http/urls.ts';
import type { CallOptions } from '../options.ts';
import { apiErrorOf, type RegistryApi } from '../registry/registry-api.ts';
import { forPeople } from '../registry/words.ts';

/**
 * Fetches content from the sources that the registry names, one after the other, until one delivers what has
 * the digest. Sources are strangers: they get no token, and are believed nothing.
 *
 * @param open makes a new sink for each attempt; the one that holds the content is returned, not committed
 * @throws ClientError `CONTENT_UNAVAILABLE` | `CONTENT_WITHDRAWN` | `CONTENT_MISMATCH` | `CONTENT_TOO_LARGE`
 */
export async function fetchContent(
  context: ClientContext,
  digest: Digest,
  open: () => Promise<ContentSink>,
  options: CallOptions,
): Promise<{ readonly sink: ContentSink; readonly size: number }> {
  const { signal } = options;
  if (context.offline) {
    throw new ClientError(
      'OFFLINE',
      `content ${digest} is not stored, and the client is offline: go online to fetch it`,
      { digest },
    );
  }
  const { api } = await context.connect(signal);
  const named = await sourcesOf(api, digest, signal);
  // A list without end would keep us busy without end.
  const sources = named.slice(0, context.limits.contentSources);
  const failures: Error[] = [];
  for (const source of sources) {
    const sink = await open();
    try {
      const size = await fetchFrom(context, api.url, source, digest, sink, options);
      return { sink, size };
    } catch (error) {
      await sink.abort();
      signal?.throwIfAborted();
      if (!(error instanceof ClientError) || error.code === 'STORAGE_FAILED') throw error;
      failures.push(error);
      reporter(options)({ type: 'source-failed', digest, url: source.url, error });
    }
  }
  throw unavailable(digest, failures);
}

async function sourcesOf(
  api: RegistryApi,
  digest: Digest,
  signal: AbortSignal | undefined,
): Promise<readonly ContentSource[]> {
  try {
    return (await api.contentSources(digest, { signal })).contentSources.get(digest) ?? [];
  } catch (error) {
    const found = apiErrorOf(error);
    if (found?.status === 451) throw withdrawn(digest, found);
    throw error;
  }
}

/** 451, RFC 7725: the record stays true, but its content is not to be had, and asking again is of no use. */
function withdrawn(digest: Digest, cause: ApiError): ClientError {
  const reason = forPeople(cause.case.variant === 'ContentWithdrawn' ? cause.case.reason : cause.message);
  return new ClientError(
    'CONTENT_WITHDRAWN',
    `the registry withdrew content ${digest} and does not hand it out any more: ${reason}`,
    { digest, reason, status: 451 },
    { cause },
  );
}

async function fetchFrom(
  context: ClientContext,
  registry: URL,
  source: ContentSource,
  digest: Digest,
  sink: ContentSink,
  options: CallOptions,
): Promise<number> {
  const { limits, transport } = context;
  const what = `content ${digest}`;
  const limit = limits.contentBytes;
  const url = parseLink(source.url, registry, what);
  demandReachable(url, registry, what);
  if (source.size !== undefined && source.size > limit) throw tooLarge(digest, limit, source.size);
  const response = await transport.send({
    method: 'GET',
    url,
    repeatable: true,
    what,
    signal: options.signal,
  });
  if (response.status === 451) {
    const body = await readBody(response, {
      limit: protocolLimits.errorBody,
      limits,
      signal: options.signal,
      what,
    });
    throw withdrawn(digest, decodeApiError(451, body, 'content'));
  }
  if (response.status !== 200) {
    await response.body?.cancel().catch(() => {});
    throw new ClientError('CONTENT_UNAVAILABLE', `${redact(url)} answers with status ${response.status}`, {
      url: redact(url),
      status: response.status,
      digest,
    });
  }
  const total = announcedSize(response) ?? source.size;
  const report = reporter(options);
  const body = bodyChunks(response, { limit, limits, signal: options.signal, what });
  try {
    const found = await hashInto(body, sink, (received) =>
      report({ type: 'download', digest, received, total }),
    );
    if (found.digest !== digest) throw contentMismatch(digest, found.digest, redact(url));
    return found.size;
  } catch (error) {
    if (isClientError(error, 'RESPONSE_TOO_LARGE')) throw tooLarge(digest, limit, limit + 1, error);
    throw error;
  }
}

function unavailable(digest: Digest, failures: readonly Error[]): ClientError {
  if (failures.length === 0) {
    return new ClientError(
      'CONTENT_UNAVAILABLE',
      `the registry names no place to get content ${digest} from`,
      { digest },
    );
  }
  // What was changed is worse news than what is away, and must not hide behind it.
  const worst =
    failures.find((error) => isClientError(error, 'CONTENT_MISMATCH')) ??
    failures.find((error) => isClientError(error, 'CONTENT_WITHDRAWN')) ??
    failures.at(-1)!;
  const isNews = isClientError(worst, 'CONTENT_MISMATCH') || isClientError(worst, 'CONTENT_WITHDRAWN');
  if (failures.length === 1 || isNews) return worst as ClientError;
  return new ClientError(
    'CONTENT_UNAVAILABLE',
    `none of ${failures.length} places delivered content ${digest}: ${failures.map(({ message }) => message).join('; ')}`,
    { digest },
    { cause: worst },
  );
}

function tooLarge(digest: Digest, limit: number, found: number, cause?: Error): ClientError {
  return new ClientError(
    'CONTENT_TOO_LARGE',
    `expected content ${digest} of at most ${limit} bytes, found ${found} or more: allow more with the limit contentBytes`,
    { digest, expected: String(limit), found: String(found) },
    cause === undefined ? undefined : { cause },
  );
}
