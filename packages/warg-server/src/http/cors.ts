import { headers } from '@warg/protocol/api';
import type { MiddlewareHandler } from 'hono';
import { requestIdHeader } from './request-id.ts';
import type { AppEnv } from './services.ts';

const requestHeaders = [
  'content-type',
  'accept',
  'authorization',
  'range',
  'if-none-match',
  'if-range',
  requestIdHeader,
  headers.registry,
];
const answerHeaders = [
  'etag',
  'content-range',
  'accept-ranges',
  'content-length',
  'link',
  'retry-after',
  'ratelimit',
  'ratelimit-policy',
  'www-authenticate',
  requestIdHeader,
  headers.registryHint,
];

/** Lets pages of any origin use the registry: nothing here depends on cookies. */
export const cors: MiddlewareHandler<AppEnv> = async (c, next) => {
  if (c.req.method === 'OPTIONS' && c.req.header('access-control-request-method') !== undefined) {
    return new Response(null, {
      status: 204,
      headers: {
        'access-control-allow-origin': '*',
        'access-control-allow-methods': 'GET, HEAD, POST',
        'access-control-allow-headers': requestHeaders.join(', '),
        'access-control-max-age': '86400',
      },
    });
  }
  await next();
  c.res.headers.set('access-control-allow-origin', '*');
  c.res.headers.set('access-control-expose-headers', answerHeaders.join(', '));
  return;
};
