import type { HttpAnswer } from './answers.ts';
import { newExchange, type RawRequest } from './exchange.ts';
import type { RequestContext } from './request-context.ts';
import type { Respond } from './respond.ts';
import type { Endpoint } from './router.ts';

/** A request as Node's own server has it. */
export interface DirectRequest {
  readonly method: string;
  /** What stands in the request line: a path that begins with a slash, and perhaps a query. */
  readonly target: string;
  /** What the `Host` header says: a name or address, and perhaps a port. */
  readonly host: string;
  /** By names in lower case. None of them came twice. */
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
}

/**
 * The short way to the routes that are asked most: without a `Request`, a `Response` and their streams, which take more
 * time than these routes. What is asked and answered is the same; `fetch` says what that is, and tests hold this to it.
 */
export interface DirectDoor {
  /**
   * Says who answers a request; undefined if it is to go the long way.
   *
   * @param target see {@link DirectRequest}
   */
  find(method: string, target: string): DirectEndpoint | undefined;
}

/** What answers one request by the short way. */
export interface DirectEndpoint {
  /** Whether a body is read. It must be there whole, in the context. */
  readonly hasBody: boolean;
  /** Never rejects. */
  answer(request: DirectRequest, context: RequestContext): Promise<HttpAnswer>;
}

/**
 * @param clientOf says who a request is really from
 */
export function createDirectDoor(
  endpoints: readonly Endpoint[],
  respond: Respond,
  clientOf: (request: RawRequest, context: RequestContext) => RequestContext,
): DirectDoor {
  const plain = new Map<string, DirectEndpoint>();
  const withNames: { readonly method: string; readonly pattern: RegExp; readonly endpoint: NamedEndpoint }[] =
    [];
  for (const endpoint of endpoints) {
    if (!endpoint.isDirect) continue;
    const { path, method } = endpoint;
    const answerWith: NamedEndpoint['answerWith'] = (request, context, names) => {
      const seen = new SeenRequest(request, names);
      return respond(newExchange(seen, clientOf(seen, context)), endpoint);
    };
    const hasBody = method === 'POST';
    if (path.includes(':')) {
      withNames.push({ method, pattern: patternOf(path), endpoint: { hasBody, answerWith } });
    } else {
      const answer: DirectEndpoint['answer'] = (request, context) => answerWith(request, context, NO_NAMES);
      plain.set(`${method} /${path}`, { hasBody, answer });
    }
  }
  return {
    find(method, target) {
      const path = pathOf(target);
      if (path === undefined) return undefined;
      const found = plain.get(`${method} ${path}`);
      if (found !== undefined) return found;
      for (const { method: own, pattern, endpoint } of withNames) {
        const names = own === method ? pattern.exec(path)?.groups : undefined;
        if (names === undefined) continue;
        const { hasBody, answerWith } = endpoint;
        return { hasBody, answer: (request, context) => answerWith(request, context, names) };
      }
      return undefined;
    },
  };
}

type Names = Readonly<Record<string, string | undefined>>;
const NO_NAMES: Names = {};

interface NamedEndpoint {
  readonly hasBody: boolean;
  answerWith(request: DirectRequest, context: RequestContext, names: Names): Promise<HttpAnswer>;
}

/** Takes names that mean what they say. What has an escape in it, or could be `..`, goes the long way. */
function patternOf(path: string): RegExp {
  return new RegExp(`^/${path.replaceAll(/:(\w+)/g, '(?<$1>[\\w:@-]+)')}$`);
}

/** The path of a target; undefined if it has a query that may not mean what it says. */
function pathOf(target: string): string | undefined {
  const end = target.indexOf('?');
  if (end < 0) return target;
  return PLAIN_QUERY.test(target.slice(end + 1)) ? target.slice(0, end) : undefined;
}

const PLAIN_QUERY = /^[\w:=&%.~-]*$/;

/** A request and its headers in one object, because this is made for each request. */
class SeenRequest implements RawRequest {
  readonly method: string;
  /** As it was sent: there is nothing in it that would have to be read. */
  readonly path: string;
  readonly body = null;
  readonly #request: DirectRequest;
  readonly #names: Names;

  constructor(request: DirectRequest, names: Names) {
    this.method = request.method;
    this.path = pathOf(request.target) ?? request.target;
    this.#request = request;
    this.#names = names;
  }

  get url(): string {
    return `http://${this.#request.host}${this.#request.target}`;
  }

  get raw(): this {
    return this;
  }

  get headers(): this {
    return this;
  }

  /** @param name in lower case */
  get(name: string): string | null {
    const value = this.#request.headers[name];
    return typeof value === 'string' ? value.replace(AROUND, '') : null;
  }

  has(name: string): boolean {
    return typeof this.#request.headers[name] === 'string';
  }

  header(name: string): string | undefined {
    return this.get(name) ?? undefined;
  }

  param(name: string): string | undefined {
    return this.#names[name];
  }
}

/** White space around a value, which `Headers` leaves out. */
const AROUND = /^[\t\n\r ]+|[\t\n\r ]+$/g;
