import { headers } from '@warg/protocol/api';
import { emptyAnswer, type HttpAnswer } from './answers.ts';
import { requestIdHeader } from './request-id.ts';
import type { AppContext } from './services.ts';

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
  headers.features,
];

const exposed = answerHeaders.join(', ');

/** What is said to a page of another origin that asks whether it may ask; undefined for any other request. */
export function preflightAnswer({ req }: AppContext): HttpAnswer | undefined {
  if (req.method !== 'OPTIONS' || req.header('access-control-request-method') === undefined) return undefined;
  return emptyAnswer(204, {
    'access-control-allow-origin': '*',
    'access-control-allow-methods': 'GET, HEAD, POST',
    'access-control-allow-headers': requestHeaders.join(', '),
    'access-control-max-age': '86400',
  });
}

/** Lets pages of any origin read an answer: nothing here depends on cookies. */
export function allowOrigins({ headers }: HttpAnswer): void {
  headers['access-control-allow-origin'] = '*';
  headers['access-control-expose-headers'] = exposed;
}
