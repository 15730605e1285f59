import type { KyInstance, Options } from 'ky';
import { ClientError } from '../errors.ts';
import type { Limits } from '../limits.ts';
import type { FetchFunction } from '../options.ts';
import { sleep, unlessAborted } from './abort.ts';
import type { Answer, Exchange } from './exchange.ts';
import { demandReachable, demandSecure, parseLink, redact } from './urls.ts';

/** One request. */
export interface OutgoingRequest {
  readonly method: 'GET' | 'POST' | 'PUT';
  readonly url: URL;
  readonly headers?: Readonly<Record<string, string>>;
  /** Text is sent again on a retry; a stream can be sent once. */
  readonly body?: string | ReadableStream<Uint8Array> | Uint8Array<ArrayBuffer>;
  /** A bearer token for the origin of `url`, and for no other. */
  readonly token?: string | undefined;
  /** True where sending it twice is as good as once. */
  readonly repeatable: boolean;
  /** True where the answer never changes, so that an environment's own cache may have it. */
  readonly cacheable?: boolean;
  /** What is asked, for messages. */
  readonly what: string;
  readonly signal: AbortSignal | undefined;
  /** Milliseconds until the answer's headers; false where an upload takes what it takes. */
  readonly timeout?: number | false;
}

/** Sends requests. The only place where the client touches the network. */
export interface Transport {
  /** @throws ClientError `NETWORK_FAILED` | `TIMEOUT` | `REDIRECT_REFUSED` | `INSECURE_URL` | `OFFLINE` */
  send(request: OutgoingRequest): Promise<Answer>;
}

/** What is used of ky. */
type Ky = Pick<typeof import('ky'), 'isHTTPError' | 'isTimeoutError'> & { readonly http: KyInstance };

const retryableStatuses = [429, 502, 503, 504];
/** In milliseconds: the longest that a registry may make us wait, and the longest that we wait by ourselves. */
const maxRetryAfter = 10_000;
const backoffLimit = 2_000;
const redirectStatuses = [301, 302, 303, 307, 308];

/** A transport over `fetch`, or over an `Exchange` what that can ask: retries what may be repeated, follows safe redirects, keeps tokens at home. */
export function fetchTransport(options: {
  readonly fetch: FetchFunction | undefined;
  /** Asks what it can ask, where no `fetch` is given. */
  readonly exchange?: Exchange | undefined;
  readonly limits: Limits;
}): Transport {
  const exchange = options.fetch === undefined ? options.exchange : undefined;
  // Called as a plain function: a browser's fetch refuses another `this`.
  const customFetch = options.fetch;
  // Loaded with the first request: where it comes from, Node's own `fetch` comes along, which takes longer to be there
  // than all of the client. Whoever is offline, or goes by `node:http`, never needs either.
  let loading: Promise<Ky> | undefined;

  async function load(): Promise<Ky> {
    const { default: ky, isHTTPError, isTimeoutError } = await import('ky');
    const http = ky.create({
      ...(customFetch === undefined
        ? {}
        : { fetch: (input) => customFetch(input instanceof Request ? input : new Request(input)) }),
      credentials: 'omit',
      referrerPolicy: 'no-referrer',
      redirect: 'manual',
      // A checkpoint from a browser's cache would look like a registry that stands still.
      cache: 'no-store',
    });
    return { http, isHTTPError, isTimeoutError };
  }

  async function sendOnce(
    request: OutgoingRequest,
    url: URL,
    redirect: 'manual' | 'follow',
  ): Promise<Answer> {
    const headers: Record<string, string> = { ...request.headers };
    if (request.token !== undefined && url.origin === request.url.origin) {
      headers['authorization'] = `Bearer ${request.token}`;
    }
    if (exchange !== undefined && isQuestion(request) && exchange.handles(url)) {
      return askAgain(exchange, request, url, headers, options.limits);
    }
    const settings: Options = {
      method: request.method,
      headers,
      redirect,
      timeout: request.timeout ?? options.limits.requestTimeout,
      retry: request.repeatable
        ? {
            limit: options.limits.retries,
            methods: ['get', 'post', 'put'],
            statusCodes: retryableStatuses,
            maxRetryAfter,
            backoffLimit,
            retryOnTimeout: true,
            jitter: true,
          }
        : { limit: 0 },
      throwHttpErrors: (status) => request.repeatable && retryableStatuses.includes(status),
      ...(request.cacheable === true ? { cache: 'default' } : {}),
      ...(request.body === undefined ? {} : { body: request.body }),
      ...(request.signal === undefined ? {} : { signal: request.signal }),
    };
    if (request.body instanceof ReadableStream) Object.assign(settings, { duplex: 'half' });
    loading ??= load();
    const { http, isHTTPError, isTimeoutError } = await loading;
    try {
      return await unlessAborted(Promise.resolve(http(url, settings)), request.signal);
    } catch (error) {
      request.signal?.throwIfAborted();
      // Retries are used up: the answer is an answer all the same. ky has read its body.
      if (isHTTPError(error)) return answerOf(error.response, error.data);
      if (isTimeoutError(error)) throw timedOut(request, url, error);
      if (error instanceof ClientError) throw error;
      throw unreachable(request, url, error);
    }
  }

  async function send(request: OutgoingRequest): Promise<Answer> {
    let url = request.url;
    demandSecure(url, request.what);
    for (let hops = 0; ; hops++) {
      const response = await sendOnce(request, url, 'manual');
      if (response.type === 'opaqueredirect') return followInBrowser(request, url);
      if (!redirectStatuses.includes(response.status)) return response;
      await response.body?.cancel().catch(() => {});
      url = redirectTarget(request, url, response, hops);
    }
  }

  function redirectTarget(request: OutgoingRequest, from: URL, response: Answer, hops: number): URL {
    const location = response.headers.get('location');
    if (location === null || hops >= options.limits.redirects) {
      throw refused(request, from, location === null ? 'it names no place' : 'there were too many before it');
    }
    const to = parseLink(location, from, `the redirect of ${request.what}`);
    demandReachable(to, from, `the redirect of ${request.what}`);
    if (request.method !== 'GET') {
      const repeats = response.status === 307 || response.status === 308;
      if (!repeats || to.origin !== from.origin || request.body instanceof ReadableStream) {
        throw refused(request, from, 'what is sent there must not go elsewhere');
      }
    }
    return to;
  }

  // A browser does not show where a redirect goes. Without a token it may be followed blindly, because what
  // comes back is verified anyway; the final address is checked.
  async function followInBrowser(request: OutgoingRequest, url: URL): Promise<Answer> {
    if (request.method !== 'GET' || request.token !== undefined) {
      throw refused(request, url, 'this environment does not show where it goes');
    }
    const response = await sendOnce(request, url, 'follow');
    if (response.url) demandReachable(new URL(response.url), url, `the redirect of ${request.what}`);
    return response;
  }

  return { send };
}

/** A request that an `Exchange` can ask: what may be asked twice, and lies in memory. */
type AskedRequest = OutgoingRequest & {
  readonly method: 'GET' | 'POST';
  readonly body?: string;
  readonly timeout?: number;
};

function isQuestion(request: OutgoingRequest): request is AskedRequest {
  return (
    request.repeatable &&
    request.method !== 'PUT' &&
    (request.body === undefined || typeof request.body === 'string') &&
    request.timeout !== false
  );
}

/** Asks until there is an answer that does not ask for patience, as often and after such pauses as ky does it. */
async function askAgain(
  exchange: Exchange,
  request: AskedRequest,
  url: URL,
  headers: Readonly<Record<string, string>>,
  limits: Limits,
): Promise<Answer> {
  for (let attempt = 0; ; attempt++) {
    let pause = Math.random() * Math.min(backoffLimit, 300 * 2 ** attempt);
    try {
      const answer = await askOnce(exchange, request, url, headers, limits);
      if (!retryableStatuses.includes(answer.status) || attempt >= limits.retries) return answer;
      await answer.body?.cancel();
      pause = retryAfter(answer) ?? pause;
    } catch (error) {
      request.signal?.throwIfAborted();
      if (attempt >= limits.retries) {
        throw error instanceof NoAnswerInTime
          ? timedOut(request, url, error)
          : unreachable(request, url, error);
      }
    }
    await sleep(pause, request.signal);
  }
}

class NoAnswerInTime extends Error {}

async function askOnce(
  exchange: Exchange,
  { method, body, signal, timeout }: AskedRequest,
  url: URL,
  headers: Readonly<Record<string, string>>,
  limits: Limits,
): Promise<Answer> {
  signal?.throwIfAborted();
  const controller = new AbortController();
  const stop = () => controller.abort(signal?.reason);
  signal?.addEventListener('abort', stop, { once: true });
  const timer = setTimeout(() => controller.abort(new NoAnswerInTime()), timeout ?? limits.requestTimeout);
  try {
    return await exchange.ask({ method, url, headers, body, signal: controller.signal });
  } catch (error) {
    // Whatever the system calls what we ended ourselves.
    controller.signal.throwIfAborted();
    throw error;
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener('abort', stop);
  }
}

/** How long a registry wants us to wait, in milliseconds; undefined where it says nothing that can be read. */
function retryAfter({ headers }: Answer): number | undefined {
  const text = headers.get('retry-after');
  if (text === null) return undefined;
  const pause = /^\d{1,9}$/.test(text) ? 1000 * Number(text) : Date.parse(text) - Date.now();
  return Number.isNaN(pause) ? undefined : Math.min(Math.max(pause, 0), maxRetryAfter);
}

/** The transport of an offline client. */
export function offlineTransport(): Transport {
  return {
    async send(request) {
      throw new ClientError(
        'OFFLINE',
        `${request.what} needs the network, but the client is offline: go online, or ask only for what is stored`,
        { url: redact(request.url) },
      );
    },
  };
}

function answerOf(response: Response, data: unknown): Response {
  const text = typeof data === 'string' ? data : data === undefined ? '' : JSON.stringify(data);
  return new Response(text, { status: response.status, headers: { 'content-type': 'application/json' } });
}

function unreachable(request: OutgoingRequest, url: URL, cause: unknown): ClientError {
  return new ClientError(
    'NETWORK_FAILED',
    `could not reach ${url.origin} for ${request.what} (${reasonOf(cause)}): check the address and the network`,
    { url: redact(url) },
    { cause },
  );
}

function timedOut(request: OutgoingRequest, url: URL, cause: unknown): ClientError {
  return new ClientError(
    'TIMEOUT',
    `expected ${url.host} to answer ${request.what} in time, found no answer: try again, or allow more time`,
    { url: redact(url) },
    { cause },
  );
}

function refused(request: OutgoingRequest, url: URL, why: string): ClientError {
  return new ClientError(
    'REDIRECT_REFUSED',
    `${redact(url)} redirects ${request.what}, and that is not followed: ${why}. Use the registry's real address`,
    { url: redact(url) },
  );
}

function reasonOf(error: unknown): string {
  let inner: unknown = error;
  for (let depth = 0; depth < 5 && inner instanceof Error && inner.cause instanceof Error; depth++)
    inner = inner.cause;
  if (!(inner instanceof Error)) return 'unknown reason';
  const code = (inner as { code?: unknown }).code;
  // OpenSSL's words for it name a place in its own source.
  if (
    code === 'ERR_SSL_WRONG_VERSION_NUMBER' ||
    (code === 'EPROTO' && /wrong version number/.test(inner.message))
  )
    return 'what answers there does not speak https';
  const message = inner.message.trim();
  if (message === '' && typeof code === 'string') return code;
  return typeof code === 'string' && !message.includes(code) ? `${code}: ${message}` : message;
}
