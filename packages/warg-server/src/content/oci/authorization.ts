import { decodeUtf8, encodeBase64, encodeUtf8 } from '@warg/crypto';
import { readSmall, type StoreRequest } from '../remote/exchange.ts';
import { StoreAnswerError, StoreProtocolError } from '../remote/operation.ts';
import type { OciCredentials } from './docker-config.ts';

/** What a registry asks for when it answers 401. */
export type Challenge =
  | { readonly scheme: 'basic' }
  | {
      readonly scheme: 'bearer';
      readonly realm: URL;
      readonly service: string | undefined;
      readonly scope: string | undefined;
    };

const largestToken = 2 ** 16;

/**
 * Reads a `WWW-Authenticate` header with one challenge.
 *
 * @throws StoreProtocolError for a scheme that is not known
 * @see https://distribution.github.io/distribution/spec/auth/token/
 */
export function parseChallenge(header: string): Challenge {
  const [, scheme = '', rest = ''] = /^\s*([A-Za-z]+)(?:\s+(.*))?$/.exec(header) ?? [];
  if (scheme.toLowerCase() === 'basic') return { scheme: 'basic' };
  const parameters = new Map<string, string>();
  for (const [, name = '', quoted, bare] of rest.matchAll(
    /([A-Za-z]+)=(?:"((?:[^"\\]|\\.)*)"|([^\s,"]+))/g,
  )) {
    parameters.set(name.toLowerCase(), quoted?.replace(/\\(.)/g, '$1') ?? bare ?? '');
  }
  const realm = parameters.get('realm') ?? '';
  if (scheme.toLowerCase() !== 'bearer' || !URL.canParse(realm)) {
    throw new StoreProtocolError(`expected the registry to ask for Basic or Bearer, found \`${scheme}\``);
  }
  const [service, scope] = [parameters.get('service'), parameters.get('scope')];
  return { scheme: 'bearer', realm: new URL(realm), service, scope };
}

/** The header of who has a password. */
export function basicHeader(known: { readonly username: string; readonly password: string }): string {
  return `Basic ${encodeBase64(encodeUtf8(`${known.username}:${known.password}`))}`;
}

/**
 * Gets a token from a registry's realm: as nobody, with a password, or for an identity token.
 *
 * @throws StoreAnswerError if the realm refuses; StoreProtocolError if it gives no token
 */
export async function fetchToken(
  { realm, service, scope }: Extract<Challenge, { scheme: 'bearer' }>,
  known: OciCredentials | undefined,
  send: (request: StoreRequest) => Promise<Response>,
  idle: number,
): Promise<string> {
  const wanted = new URLSearchParams();
  if (service !== undefined) wanted.set('service', service);
  for (const each of scope?.split(' ') ?? []) wanted.append('scope', each);
  const headers = new Headers();
  let request: StoreRequest;
  if (known?.type === 'identityToken') {
    wanted.delete('scope');
    if (scope !== undefined) wanted.set('scope', scope);
    wanted.set('grant_type', 'refresh_token');
    wanted.set('client_id', 'warg-server');
    wanted.set('refresh_token', known.token);
    headers.set('content-type', 'application/x-www-form-urlencoded');
    const body = encodeUtf8(wanted.toString()) as Uint8Array<ArrayBuffer>;
    request = { method: 'POST', url: realm, headers, body };
  } else {
    const url = new URL(realm);
    for (const [name, value] of wanted) url.searchParams.append(name, value);
    if (known !== undefined) headers.set('authorization', basicHeader(known));
    request = { method: 'GET', url, headers };
  }
  const response = await send(request);
  const body = await readSmall(response, largestToken, idle);
  if (response.status !== 200) throw new StoreAnswerError('a request for a token', response.status);
  return tokenOf(body);
}

function tokenOf(body: Uint8Array): string {
  let answer: { token?: unknown; access_token?: unknown } | null;
  try {
    answer = JSON.parse(decodeUtf8(body));
  } catch {
    throw new StoreProtocolError('expected a token in JSON');
  }
  const token = answer?.token ?? answer?.access_token;
  if (typeof token !== 'string' || !/^[\x21-\x7e]+$/.test(token)) {
    throw new StoreProtocolError('expected a token, found none');
  }
  return token;
}
