import { randomUUID } from 'node:crypto';
import type { AppContext } from './services.ts';

/** By which a request is found again in the logs of client, proxy and registry. */
export const requestIdHeader = 'x-request-id';

/** What is taken over from others: enough for every usual form, and nothing that could break a line of a log. */
const SANE = /^[\w.:/+=-]{1,128}$/;

/** The id of a request: the one that it brings, if that is sane, or a new one. The answer names it. */
export function requestIdOf(c: AppContext): string {
  const given = c.req.header(requestIdHeader);
  return given !== undefined && SANE.test(given) ? given : randomUUID();
}

/** What a log line about a request begins with. */
export function requestFields(c: AppContext): { readonly request: string } {
  return { request: c.requestId };
}
