import { randomUUID } from 'node:crypto';
import type { MiddlewareHandler } from 'hono';
import type { AppContext, AppEnv } from './services.ts';

/** By which a request is found again in the logs of client, proxy and registry. */
export const requestIdHeader = 'x-request-id';

/** What is taken over from others: enough for every usual form, and nothing that could break a line of a log. */
const SANE = /^[\w.:/+=-]{1,128}$/;

/** Gives each request an id: the one that it brings, if that is sane, or a new one. The answer names it. */
export const requestId: MiddlewareHandler<AppEnv> = async (c, next) => {
  const given = c.req.header(requestIdHeader);
  const id = given !== undefined && SANE.test(given) ? given : randomUUID();
  c.set('requestId', id);
  await next();
  c.res.headers.set(requestIdHeader, id);
};

/** What a log line about a request begins with. */
export function requestFields(c: AppContext): { readonly request: string } {
  return { request: c.get('requestId') };
}
