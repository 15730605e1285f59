import type { AccessTokenRow } from '../store/rows.ts';
import type { RouteAccess } from './access/access.ts';
import type { RateDecision } from './rate-limiter.ts';
import type { RequestContext } from './request-context.ts';

/** What is looked at of a request's headers. */
export interface HeaderValues {
  get(name: string): string | null;
  has(name: string): boolean;
}

/** What is looked at of a request. A `Request` is one. */
export interface RawRequest {
  readonly method: string;
  readonly url: string;
  readonly headers: HeaderValues;
  readonly body: ReadableStream<Uint8Array> | null;
}

/** A request on its way through the registry, and what was found out about it so far. */
export interface Exchange {
  readonly req: {
    readonly raw: RawRequest;
    readonly method: string;
    /** The path alone, which begins with a slash. */
    readonly path: string;
    header(name: string): string | undefined;
    /** A part of the path that the route has a name for. */
    param(name: string): string | undefined;
  };
  readonly env: RequestContext;
  requestId: string;
  /** What the route asks of whoever calls it; undefined until a route was found. */
  level: RouteAccess | undefined;
  /** The token that came with the request, and was good. */
  token: AccessTokenRow | undefined;
  /** What the limits said of it. */
  admitted: RateDecision | undefined;
}

/** An exchange that begins. */
export function newExchange(req: Exchange['req'], env: RequestContext): Exchange {
  return { req, env, requestId: '', level: undefined, token: undefined, admitted: undefined };
}
