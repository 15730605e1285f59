import { discard, exchange, type StoreRequest } from '../remote/exchange.ts';
import { StoreAnswerError, StoreProtocolError } from '../remote/operation.ts';
import { basicHeader, fetchToken, parseChallenge } from './authorization.ts';
import type { OciCredentials } from './docker-config.ts';

/** What a request is for; registries give tokens for one or the other. */
export type OciAction = 'pull' | 'push' | 'delete';

export interface OciRequest extends Omit<StoreRequest, 'headers'> {
  readonly headers?: Readonly<Record<string, string>>;
}

/** Speaks to one registry. */
export interface OciClient {
  readonly origin: URL;
  /** Sends a request, as whoever we are if the registry asks, and follows where a download is redirected. */
  send(action: OciAction, request: OciRequest): Promise<Response>;
  /**
   * Where an answer says to go on.
   *
   * @throws StoreProtocolError if it does not say, or says a place where bytes must not be sent
   */
  locationOf(response: Response, from: URL, what: string): URL;
}

interface ClientOptions {
  readonly host: string;
  readonly credentials: () => Promise<OciCredentials | undefined>;
  /** Most milliseconds without progress. */
  readonly idle: number;
  readonly closed: AbortSignal;
}

const mostRedirects = 3;

/** Where the API of a registry is: Docker Hub's is not under the name that everybody uses. */
export function apiHost(host: string): string {
  return host === 'docker.io' || host === 'index.docker.io' ? 'registry-1.docker.io' : host;
}

/** Makes a client. To other machines it speaks https alone. */
export function ociClient({ host, credentials, idle, closed }: ClientOptions): OciClient {
  const origin = new URL(isLoopback(new URL(`http://${host}`)) ? `http://${host}` : `https://${host}`);
  /** The header that worked last, for each action. */
  const authorizations = new Map<OciAction, string>();

  return {
    origin,
    locationOf,

    async send(action, request) {
      const response = await sendAuthorized(action, request);
      return request.method === 'GET' ? await followed(response, request) : response;
    },
  };

  async function sendAuthorized(action: OciAction, request: OciRequest): Promise<Response> {
    const response = await sendOnce(request, request.url, authorizations.get(action));
    if (response.status !== 401 || request.url.origin !== origin.origin) return response;
    await discard(response);
    authorizations.delete(action);
    const authorization = await answerTo(response);
    const second = await sendOnce(request, request.url, authorization);
    if (second.status !== 401) authorizations.set(action, authorization);
    return second;
  }

  /** What the registry wants to see, after it said 401. */
  async function answerTo(response: Response): Promise<string> {
    const challenge = parseChallenge(response.headers.get('www-authenticate') ?? '');
    // Asked for each time: a helper may give passwords that live shortly.
    const known = await credentials();
    if (challenge.scheme === 'bearer') {
      demandSecure(challenge.realm, 'the realm of its tokens');
      const request = (sent: StoreRequest): Promise<Response> => exchange(sent, idle, closed);
      return `Bearer ${await fetchToken(challenge, known, request, idle)}`;
    }
    // Without the store's own credentials there is no use in going on as somebody else.
    if (known?.type !== 'password') throw new StoreAnswerError('a request without a password', 401);
    return basicHeader(known);
  }

  function sendOnce(request: OciRequest, url: URL, authorization: string | undefined): Promise<Response> {
    const headers = new Headers(request.headers ?? {});
    // The token is for the registry alone, not for wherever it stores its blobs.
    if (authorization !== undefined && url.origin === origin.origin)
      headers.set('authorization', authorization);
    return exchange({ ...request, url, headers }, idle, closed);
  }

  async function followed(first: Response, request: OciRequest): Promise<Response> {
    let response = first;
    let url = request.url;
    for (let hops = 0; [301, 302, 303, 307, 308].includes(response.status); hops++) {
      if (hops === mostRedirects) throw new StoreProtocolError('the registry redirects a download too often');
      await discard(response);
      url = locationOf(response, url, 'a download');
      response = await sendOnce(request, url, undefined);
    }
    return response;
  }

  function locationOf(response: Response, from: URL, what: string): URL {
    const location = response.headers.get('location');
    if (location === null || !URL.canParse(location, from.href)) {
      throw new StoreProtocolError(`the registry does not say where to go on after ${what}`);
    }
    const url = new URL(location, from);
    demandSecure(url, what);
    return url;
  }

  function demandSecure(url: URL, what: string): void {
    const isLocal = url.protocol === 'http:' && isLoopback(url) && isLoopback(origin);
    if (url.protocol !== 'https:' && !isLocal) {
      throw new StoreProtocolError(`expected an https URL for ${what}, found one at ${url.origin}`);
    }
  }
}

/** True for this machine itself: `localhost`, 127.0.0.0/8, ::1. */
export function isLoopback({ hostname }: URL): boolean {
  return hostname === 'localhost' || hostname === '[::1]' || /^127\.\d+\.\d+\.\d+$/.test(hostname);
}
