import { concatBytes, type Digest } from '@warg/crypto';
import type { MissingContent, UploadEndpoint } from '@warg/protocol/api';
import { decodeApiError, limits as protocolLimits } from '@warg/protocol/api';
import type { OpenableContent } from '../content/content.ts';
import { streamOf, verifiedChunks } from '../content/hashing.ts';
import { type ClientContext, reporter } from '../context.ts';
import { ClientError } from '../errors.ts';
import { readBody } from '../http/body.ts';
import { demandReachable, parseLink, redact } from '../http/urls.ts';
import type { Limits } from '../limits.ts';
import type { CallOptions } from '../options.ts';
import { forPeople } from '../registry/words.ts';

// What an upload may ask to be sent along. Anything else is refused: it is the registry that chooses these.
const allowedHeaders = ['authorization', 'content-type', 'x-amz-checksum-sha256'];

/** Where the content's length cannot be said beforehand, what is sent to a store lies in memory as a whole: bytes. */
const largestInMemory = 64 * 2 ** 20;

/** What is handed over at once, in bytes: that it moves is seen from one piece to the next. */
const pieceSize = 64 * 1024;

/** At which a registry must bring content to a store of its own at least, in bytes a millisecond. */
const settlingRate = 10;

/**
 * Gives content to the registry, at the first of the places that it offers which takes it. The registry's token
 * is not sent along: the place may be anybody's.
 *
 * A PUT goes to the registry's content store, which spares the registry the bytes until it is told: such places are tried
 * first. What hinders it there is no reason to give up, because the registry itself takes the content too.
 *
 * @throws ClientError `UPLOAD_FAILED` | `PUBLISH_REFUSED` | `CONTENT_MISMATCH`
 */
export async function uploadContent(
  context: ClientContext,
  registry: URL,
  digest: Digest,
  missing: MissingContent,
  source: OpenableContent,
  options: CallOptions,
): Promise<void> {
  let failure: ClientError | undefined;
  const [first] = missing.upload;
  const isStaged = (endpoint: UploadEndpoint): boolean =>
    endpoint.method.toUpperCase() === 'PUT' && first?.method.toUpperCase() === 'POST';
  const staged = missing.upload.filter((endpoint) => isStaged(endpoint) && canPut(source));
  for (const endpoint of staged) {
    try {
      await uploadTo(context, registry, digest, endpoint, source, options);
      await complete(context, registry, digest, first!, source.size ?? 0, options);
      return;
    } catch (error) {
      options.signal?.throwIfAborted();
      // Content that is not what it should be, or that the registry does not want, is so elsewhere too.
      if (!(error instanceof ClientError) || error.code === 'CONTENT_MISMATCH' || isRefusedByPolicy(error))
        throw error;
      failure = error;
    }
  }
  for (const endpoint of missing.upload) {
    if (isStaged(endpoint)) continue;
    try {
      await uploadTo(context, registry, digest, endpoint, source, options);
      return;
    } catch (error) {
      options.signal?.throwIfAborted();
      if (
        !(error instanceof ClientError) ||
        !['UPLOAD_FAILED', 'NETWORK_FAILED', 'TIMEOUT'].includes(error.code)
      )
        throw error;
      failure = error;
    }
  }
  throw (
    failure ??
    new ClientError('UPLOAD_FAILED', `the registry offers no upload for content ${digest}`, { digest })
  );
}

async function uploadTo(
  context: ClientContext,
  registry: URL,
  digest: Digest,
  endpoint: UploadEndpoint,
  source: OpenableContent,
  options: CallOptions,
): Promise<void> {
  const { transport, limits } = context;
  const what = `the upload of content ${digest}`;
  const url = parseLink(endpoint.url, registry, what);
  demandReachable(url, registry, what);
  const method = endpoint.method.toUpperCase();
  if (method !== 'POST' && method !== 'PUT') {
    throw new ClientError(
      'UPLOAD_FAILED',
      `expected an upload by POST or PUT, found ${JSON.stringify(method.slice(0, 20))}`,
      { digest },
    );
  }
  // A piece is asked for when the one before is on its way, not when it has arrived: both must fit into the wait for the next.
  const atSlowest = (bytes: number) => (bytes * 1000) / limits.slowestRate;
  const watch = stallWatch(limits.idleTimeout, options.signal, what);
  const report = reporter(options);
  let sent = 0;
  async function* counted() {
    let before = 0;
    for await (const chunk of verifiedChunks(source, digest)) {
      for (let at = 0; at < chunk.byteLength; at += pieceSize) {
        const piece = chunk.subarray(at, at + pieceSize);
        watch.allow(Math.max(limits.idleTimeout, atSlowest(before + piece.byteLength)));
        yield piece;
        before = piece.byteLength;
        sent += before;
        report({ type: 'upload', digest, sent, total: source.size });
      }
    }
    // Nothing can be seen from here of what comes now: the rest goes out, and the registry deals with all of it.
    watch.allow(settlingTime(limits, sent) + atSlowest(before));
  }
  try {
    const isSized = method === 'PUT' && source.size !== undefined;
    const inMemory = isSized ? !canSayLength() : !supportsRequestStreams();
    const body = inMemory ? await gather(counted()) : streamOf(counted());
    // Nor, where all is handed over at once, of what goes out.
    if (inMemory) watch.allow(settlingTime(limits, sent) + atSlowest(sent));
    const response = await transport.send({
      method,
      url,
      headers: {
        'content-type': 'application/octet-stream',
        ...(isSized && !inMemory ? { 'content-length': String(source.size) } : {}),
        ...headersOf(endpoint, digest),
      },
      body,
      repeatable: false,
      timeout: false,
      what,
      signal: watch.signal,
    });
    if (response.ok) {
      await response.body?.cancel().catch(() => {});
      return;
    }
    const text = await readBody(response, {
      limit: protocolLimits.errorBody,
      limits,
      signal: watch.signal,
      what,
    });
    throw refusal(response.status, text, digest, url);
  } catch (error) {
    throw innermost(error) ?? error;
  } finally {
    watch.stop();
  }
}

/** Tells the registry that the content lies in its store. It looks at it before it answers, which takes its time. */
async function complete(
  { transport, limits }: ClientContext,
  registry: URL,
  digest: Digest,
  own: UploadEndpoint,
  size: number,
  options: CallOptions,
): Promise<void> {
  const what = `the end of the upload of content ${digest}`;
  // With the query that our own place has: it may be the permission to upload.
  const url = parseLink(own.url, registry, what);
  url.pathname += '/complete';
  demandReachable(url, registry, what);
  const headers = headersOf(own, digest);
  const watch = stallWatch(settlingTime(limits, size), options.signal, what);
  const { signal } = watch;
  try {
    const request = {
      method: 'POST',
      url,
      headers,
      repeatable: false,
      timeout: false,
      what,
      signal,
    } as const;
    const response = await transport.send(request);
    if (response.ok) {
      await response.body?.cancel().catch(() => {});
      return;
    }
    const text = await readBody(response, { limit: protocolLimits.errorBody, limits, signal, what });
    throw refusal(response.status, text, digest, url);
  } catch (error) {
    throw innermost(error) ?? error;
  } finally {
    watch.stop();
  }
}

/** How long a registry may take over content that it has, in milliseconds. */
function settlingTime({ settleTimeout }: Limits, size: number): number {
  return settleTimeout + size / settlingRate;
}

function isRefusedByPolicy(error: ClientError): boolean {
  return error.code === 'PUBLISH_REFUSED' && (error.details as { status?: unknown }).status === 422;
}

/** Whether content can be put into a store, which wants to know its length first. */
function canPut({ size }: OpenableContent): boolean {
  return size !== undefined && (canSayLength() || size <= largestInMemory);
}

/** Browsers do not let a page say how long a body is that is not there yet. */
function canSayLength(): boolean {
  const { process } = globalThis as { process?: { versions?: { node?: string } } };
  return process?.versions?.node !== undefined;
}

function refusal(status: number, body: Uint8Array, digest: Digest, url: URL): ClientError {
  const cause = decodeApiError(status, body, 'package');
  const reason = forPeople(cause.message);
  const details = { digest, status, url: redact(url), reason };
  if (status >= 400 && status < 500 && status !== 405 && status !== 408 && status !== 429) {
    return new ClientError(
      'PUBLISH_REFUSED',
      `the registry does not take content ${digest}: ${reason}`,
      details,
      { cause },
    );
  }
  return new ClientError(
    'UPLOAD_FAILED',
    `the upload of content ${digest} failed with status ${status}: ${reason}`,
    details,
    { cause },
  );
}

function headersOf(endpoint: UploadEndpoint, digest: Digest): Record<string, string> {
  const headers: Record<string, string> = {};
  for (const [name, value] of endpoint.headers) {
    const lower = name.toLowerCase();
    if (!allowedHeaders.includes(lower) || /[^\t\x20-\x7e]/.test(value)) {
      throw new ClientError(
        'UPLOAD_FAILED',
        `expected an upload that asks for no headers but ${allowedHeaders.join(' and ')}, found ${JSON.stringify(name.slice(0, 60))}`,
        { digest },
      );
    }
    headers[lower] = value;
  }
  return headers;
}

/** The longest time that a timer takes, in milliseconds; a longer one would be no time. */
const longestTimer = 2 ** 31 - 1;

/** A signal that is also aborted when something takes longer than it may, in milliseconds. */
function stallWatch(first: number, signal: AbortSignal | undefined, what: string) {
  const controller = new AbortController();
  let timer: ReturnType<typeof setTimeout> | undefined;
  const allow = (time: number): void => {
    clearTimeout(timer);
    timer = setTimeout(
      () => {
        const seconds = Math.ceil(time / 1000);
        controller.abort(
          new ClientError(
            'TIMEOUT',
            `${what} made no progress for ${seconds} s: try again, or allow more time`,
          ),
        );
      },
      Math.min(time, longestTimer),
    );
  };
  allow(first);
  return {
    signal: signal === undefined ? controller.signal : AbortSignal.any([controller.signal, signal]),
    /** From now on this long, in place of what was left. */
    allow,
    stop: () => clearTimeout(timer),
  };
}

/** An error of ours that lies in what fetch made of it: a stream that fails comes back as a network error. */
function innermost(error: unknown): ClientError | undefined {
  let found: ClientError | undefined;
  let at: unknown = error;
  for (let depth = 0; depth < 8 && at instanceof Error; depth++) {
    if (at instanceof ClientError) found = at;
    at = at.cause;
  }
  return found;
}

async function gather(chunks: AsyncIterable<Uint8Array>): Promise<Uint8Array<ArrayBuffer>> {
  const parts: Uint8Array[] = [];
  for await (const chunk of chunks) parts.push(chunk);
  return concatBytes(...parts) as Uint8Array<ArrayBuffer>;
}

/** Some browsers cannot send what is not there yet. They turn such a body into text and say so in a header. */
function supportsRequestStreams(): boolean {
  let asked = false;
  const request = new Request('https://localhost/', {
    method: 'POST',
    body: new ReadableStream(),
    get duplex() {
      asked = true;
      return 'half';
    },
  } as RequestInit);
  return asked && !request.headers.has('content-type');
}
