// One request of the comparison, and the ways to make many from one.

import type { Request } from '../exchange.ts';
import type { View } from '../world.ts';

export interface Case {
  /** Unique; `endpoint: what is special`. */
  readonly id: string;
  /** The request for one registry: ids and roots that differ between them come from its view. */
  readonly make: (view: View) => Request;
}

/** A number, or anything else, that JSON.stringify cannot write as it should stand. */
export class RawJson {
  readonly text: string;
  constructor(text: string) {
    this.text = text;
  }
}

export type Body = Readonly<Record<string, unknown>>;

const json = { 'content-type': 'application/json' };

export const get = (id: string, path: string, headers: Record<string, string> = {}): Case => ({
  id,
  make: () => ({ method: 'GET', path, headers }),
});

export const post = (id: string, path: string, body: Body | ((view: View) => Body)): Case => ({
  id,
  make: (view) => ({
    method: 'POST',
    path,
    headers: json,
    body: writeJson(typeof body === 'function' ? body(view) : body),
  }),
});

export const postText = (id: string, path: string, body: string | Uint8Array, headers = json): Case => ({
  id,
  make: () => ({ method: 'POST', path, headers, body }),
});

/** JSON with raw pieces in it; members that are undefined are left out. */
export function writeJson(value: unknown): string {
  if (value instanceof RawJson) return value.text;
  if (Array.isArray(value)) return `[${value.map(writeJson).join(',')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  const members = Object.entries(value).filter(([, member]) => member !== undefined);
  return `{${members.map(([name, member]) => `${JSON.stringify(name)}:${writeJson(member)}`).join(',')}}`;
}

/** Values that a member may be given in place of its own. */
const strangers: readonly (readonly [string, unknown])[] = [
  ['null', null],
  ['true', true],
  ['-1', -1],
  ['0', 0],
  ['1.5', 1.5],
  ['1e1', new RawJson('1e1')],
  ['2^32', new RawJson('4294967296')],
  ['2^53+1', new RawJson('9007199254740993')],
  ['2^64-1', new RawJson('18446744073709551615')],
  ['2^64', new RawJson('18446744073709551616')],
  ['an empty text', ''],
  ['a text', 'text'],
  ['a list', []],
  ['an object', {}],
];

/** A POST endpoint that takes a JSON object. */
export interface Endpoint {
  readonly name: string;
  /** The path may depend on the body, as the log id depends on the name of a package. */
  readonly path: string | ((body: Body) => string);
  /** A body that is accepted; it may be another one for each case. */
  readonly body: (view: View, caseId: string) => Body;
}

/** Everything that can be wrong with a JSON request, whatever it is about. */
export function wrongJson(endpoint: Endpoint, members: readonly string[]): Case[] {
  return [...wrongMembers(endpoint, members), ...wrongTexts(endpoint), ...wrongRequests(endpoint)];
}

function wrongMembers(endpoint: Endpoint, members: readonly string[]): Case[] {
  const { name } = endpoint;
  const altered = (id: string, alter: (body: Body) => Body): Case => send(endpoint, `${name}: ${id}`, alter);
  return [
    altered('as it should be', (body) => body),
    altered('an unknown member', (body) => ({ ...body, stranger: 1 })),
    ...members.map((member) => altered(`without ${member}`, (body) => ({ ...body, [member]: undefined }))),
    ...members.flatMap((member) =>
      strangers.map(([what, value]) =>
        altered(`${member} is ${what}`, (body) => ({ ...body, [member]: value })),
      ),
    ),
    ...members.map((member) => {
      const snake = member.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
      const other = snake === member ? member.toUpperCase() : snake;
      return altered(`${member} written ${other}`, (body) => ({
        ...body,
        [member]: undefined,
        [other]: body[member],
      }));
    }),
  ];
}

function wrongTexts(endpoint: Endpoint): Case[] {
  const { name } = endpoint;
  const text = (id: string, write: (text: string) => string | Uint8Array): Case =>
    send(endpoint, `${name}: ${id}`, (body) => body, { write });
  return [
    text('no body', () => ''),
    text('a list instead of an object', (valid) => `[${valid}]`),
    text('a text instead of an object', () => '"text"'),
    text('a number instead of an object', () => '7'),
    text('null instead of an object', () => 'null'),
    text('an empty object', () => '{}'),
    text('cut short', (valid) => valid.slice(0, -1)),
    text('more behind the end', (valid) => `${valid}x`),
    text('two objects', (valid) => valid + valid),
    text('white space around', (valid) => ` \n\t${valid}\r\n `),
    text('a byte order mark', (valid) => `\ufeff${valid}`),
    text('a comment', (valid) => `/* */${valid}`),
    text('a comma too many', (valid) => valid.replace(/}$/, ',}')),
    text('single quotes', (valid) => valid.replaceAll('"', "'")),
    text('every member twice', (valid) => `${valid.slice(0, -1)},${valid.slice(1)}`),
    text('bytes that are no UTF-8', (valid) =>
      Buffer.concat([Buffer.from(valid.slice(0, 2)), Buffer.of(0xff, 0xfe)]),
    ),
    text('a lone surrogate', (valid) => valid.replace(/^{/, '{"x":"\\ud800",')),
    text('NaN', (valid) => valid.replace(/^{/, '{"x":NaN,')),
    text('nested 200 deep', (valid) => valid.replace(/^{/, `{"x":${'['.repeat(200)}${']'.repeat(200)},`)),
    text('3 MB of white space', (valid) => `${' '.repeat(3 << 20)}${valid}`),
  ];
}

function wrongRequests(endpoint: Endpoint): Case[] {
  const { name } = endpoint;
  const request = (id: string, change: Partial<Request> & { without?: string }): Case =>
    send(endpoint, `${name}: ${id}`, (body) => body, change);
  const type = (value: string) => ({ headers: { 'content-type': value } });
  return [
    request('no content type', { headers: {} }),
    request('content type text/plain', type('text/plain')),
    request('content type with a charset', type('application/json; charset=utf-8')),
    request('content type in capitals', type('APPLICATION/JSON')),
    request('content type application/problem+json', type('application/problem+json')),
    request('content type of a form', type('application/x-www-form-urlencoded')),
    request('content type that is none', type('json')),
    ...['PUT', 'PATCH', 'DELETE'].map((method) => request(`method ${method}`, { method })),
    request('the header Warg-Registry', { headers: { ...json, 'warg-registry': 'example.com' } }),
    request('a bearer token', { headers: { ...json, authorization: 'Bearer token' } }),
    ...['GET', 'HEAD'].map((method) => noBody(endpoint, method, {})),
    noBody(endpoint, 'OPTIONS', {}),
    noBody(endpoint, 'OPTIONS', {
      origin: 'http://example.com',
      'access-control-request-method': 'POST',
      'access-control-request-headers': 'content-type',
    }),
  ];
}

interface Change extends Partial<Request> {
  readonly write?: (text: string) => string | Uint8Array;
}

function send({ path, body }: Endpoint, id: string, alter: (body: Body) => Body, change: Change = {}): Case {
  const { write = (text) => text, ...rest } = change;
  return {
    id,
    make: (view) => {
      const valid = body(view, id);
      const where = typeof path === 'string' ? path : path(valid);
      return { method: 'POST', path: where, headers: json, body: write(writeJson(alter(valid))), ...rest };
    },
  };
}

function noBody({ name, path, body }: Endpoint, method: string, headers: Record<string, string>): Case {
  const how = Object.keys(headers).length === 0 ? method : `${method} as a browser asks first`;
  const id = `${name}: method ${how}`;
  return {
    id,
    make: (view) => ({ method, path: typeof path === 'string' ? path : path(body(view, id)), headers }),
  };
}
