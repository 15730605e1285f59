import { setTimeout as sleep } from 'node:timers/promises';
import { quote } from '@warg/crypto';
import { limits } from '@warg/protocol/api';
import {
  AnswerTooLarge,
  bodyOf,
  defaultPatience,
  discard,
  exchange,
  type Patience,
  readSmall,
} from '../content/remote/exchange.ts';
import { reasonOf } from '../content/remote/operation.ts';
import { ImportError } from './errors.ts';
import { Neighbourhood } from './neighbourhood.ts';
import type { Reach } from './reach.ts';

/** Most redirects that are followed for one answer. */
const REDIRECTS = 3;

/** What is asked of another registry. */
export interface SourceRequest {
  /** Relative to the registry's URL, or absolute. */
  readonly url: string;
  /** JSON that is posted. */
  readonly body?: string;
  /** Most bytes of the answer. */
  readonly maxBytes: number;
}

/** An answer that is no success, and not one that may pass. */
export class SourceRefusal extends ImportError {
  readonly status: number;

  constructor(url: URL, status: number, text: string) {
    const said = text === '' ? '' : `: ${quote(text.slice(0, 300))}`;
    super('IMPORT_SOURCE_UNAVAILABLE', `${url.href} answered ${status}${said}`);
    this.status = status;
  }
}

/** An answer with more bytes than were to be expected. */
export class SourceAnswerTooLarge extends ImportError {
  constructor(url: URL, maxBytes: number) {
    super(
      'IMPORT_ANSWER_INVALID',
      `expected an answer of at most ${maxBytes} bytes from ${url.href}, found a larger one`,
    );
  }
}

/** Asks another registry, again and with growing pauses while it fails in a way that may pass. */
export class SourceHttp {
  readonly #base: URL;
  readonly #patience: Patience;
  readonly #signal: AbortSignal;
  readonly #token: string | undefined;
  readonly #elsewhere: Neighbourhood;

  /**
   * @param token a bearer token, which goes to this URL's origin alone, and not where contents are
   * @param reachOf from where the host of this URL is reached; for tests
   */
  constructor(
    url: string,
    signal: AbortSignal,
    patience: Patience = defaultPatience,
    token?: string,
    reachOf?: (hostname: string) => Promise<Reach>,
  ) {
    // What is relative lies below the registry's path.
    this.#base = new URL(url.endsWith('/') ? url : `${url}/`);
    this.#patience = patience;
    this.#signal = signal;
    this.#token = token;
    this.#elsewhere = new Neighbourhood(this.#base, reachOf);
  }

  /** @throws ImportError */
  read(request: SourceRequest): Promise<Uint8Array> {
    return this.#retry(async () => {
      const response = await this.#open(request, this.#token);
      const { maxBytes } = request;
      try {
        return await readSmall(response, maxBytes, this.#patience.idle);
      } catch (error) {
        if (error instanceof AnswerTooLarge) {
          throw new SourceAnswerTooLarge(this.#resolve(request.url), maxBytes);
        }
        throw error;
      }
    });
  }

  /**
   * Reads an answer of any size, as it comes.
   *
   * @throws ImportError when it cannot be opened; what breaks it off later is thrown as it is
   */
  async stream(url: string): Promise<AsyncIterable<Uint8Array<ArrayBuffer>>> {
    const response = await this.#retry(() => this.#open({ url, maxBytes: Number.POSITIVE_INFINITY }));
    return bodyOf(response, this.#patience.idle);
  }

  #resolve(url: string): URL {
    const resolved = URL.canParse(url, this.#base.href) ? new URL(url, this.#base) : undefined;
    if (resolved === undefined || !/^https?:$/.test(resolved.protocol)) {
      throw new ImportError('IMPORT_ANSWER_INVALID', `expected an http or https URL, found ${quote(url)}`);
    }
    return resolved;
  }

  async #open({ url: text, body }: SourceRequest, token?: string): Promise<Response> {
    let url = this.#resolve(text);
    for (let redirects = 0; ; redirects++) {
      const headers = new Headers(body === undefined ? {} : { 'content-type': 'application/json' });
      if (token !== undefined && url.origin === this.#base.origin) {
        headers.set('authorization', `Bearer ${token}`);
      }
      const request = {
        method: body === undefined ? ('GET' as const) : ('POST' as const),
        url,
        headers,
        ...(body === undefined ? {} : { body: new TextEncoder().encode(body) }),
      };
      const { idle } = this.#patience;
      // Where the registry is the operator has said; any other place the registry has named, which is believed nothing.
      const response = await (url.origin === this.#base.origin
        ? exchange(request, idle, this.#signal)
        : this.#elsewhere.get(url, idle, this.#signal));
      if (response.ok) return response;
      const location = response.headers.get('location');
      const isRedirect = [301, 302, 303, 307, 308].includes(response.status) && location !== null;
      if (isRedirect && body === undefined && redirects < REDIRECTS) {
        await discard(response);
        url = this.#resolve(URL.canParse(location, url.href) ? new URL(location, url.href).href : location);
        continue;
      }
      const said = await readSmall(response, limits.errorBody, this.#patience.idle).catch(
        () => new Uint8Array(),
      );
      throw new SourceRefusal(url, response.status, new TextDecoder().decode(said));
    }
  }

  async #retry<T>(attempt: () => Promise<T>): Promise<T> {
    const { tries, pause } = this.#patience;
    for (let number = 1; ; number++) {
      this.#signal.throwIfAborted();
      try {
        return await attempt();
      } catch (error) {
        this.#signal.throwIfAborted();
        if (error instanceof ImportError && !mayPass(error)) throw error;
        if (number >= tries) {
          if (error instanceof ImportError) throw error;
          throw new ImportError(
            'IMPORT_SOURCE_UNAVAILABLE',
            `the registry at ${this.#base.href} cannot be reached: ${reasonOf(error)}`,
            { cause: error },
          );
        }
      }
      await sleep(pause * 2 ** (number - 1) * (0.5 + Math.random()), undefined, {
        signal: this.#signal,
      }).catch(() => {});
    }
  }
}

function mayPass(error: ImportError): boolean {
  return error instanceof SourceRefusal && [408, 425, 429, 500, 502, 503, 504].includes(error.status);
}
