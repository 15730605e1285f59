// What may stand in a URL, for every route of the table: over a real socket, because `new Request` tidies URLs up.

import { Agent, request } from 'node:http';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { everyRoute, pathOf } from '../../test/described-requests.ts';
import { requireDocumented } from '../../test/documented-answers.ts';
import { hostileParts, hostileQueries } from '../../test/hostile-texts.ts';
import { openRegistry } from '../../test/registry-caller.ts';
import type { Registry } from '../create-registry.ts';
import { type RunningServer, serve } from './node-server.ts';

let registry: Registry;
let server: RunningServer;
const failures: object[] = [];
const agent = new Agent({ keepAlive: true, maxSockets: 1 });

beforeAll(async () => {
  const log = { debug() {}, info() {}, warn() {}, error: (fields: object) => failures.push(fields) };
  registry = await openRegistry({ log, publicUrl: 'http://registry.test:8090' });
  server = await serve(registry, {});
});
afterAll(async () => {
  agent.destroy();
  await server.close();
  await registry.close();
  expect(failures).toEqual([]);
});

interface Answered {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
}

/** @param target as it stands in the request's first line */
function send(method: 'get' | 'post', target: string): Promise<Answered> {
  return new Promise((resolve, reject) => {
    const options = {
      agent,
      port: server.port,
      host: '127.0.0.1',
      method: method.toUpperCase(),
      path: target,
    };
    const json = { 'content-type': 'application/json', 'content-length': '2' };
    const sent = request({ ...options, headers: method === 'post' ? json : {} }, (answer) => {
      let text = '';
      answer.setEncoding('utf8');
      answer.on('data', (chunk) => {
        text += chunk;
      });
      answer.on('error', reject);
      answer.on('end', () => {
        const headers = new Headers(answer.headers as Record<string, string>);
        resolve({ status: answer.statusCode!, headers, text });
      });
    });
    sent.on('error', reject);
    sent.end(method === 'post' ? '{}' : undefined);
  });
}

/** An answer that blames the asker, in the form that every client can read; or one that is in order. */
async function expectNoFailure(method: 'get' | 'post', target: string, answer: Answered): Promise<void> {
  const { status, headers, text } = answer;
  const what = `${method} ${target.slice(0, 200)} was answered with ${status}: ${text.slice(0, 500)}`;
  expect(status, what).toBeLessThan(500);
  expect(headers.has('set-cookie'), what).toBe(false);
  if (status < 400) {
    // What was asked is on this server: nobody may be sent away by what stands in a URL.
    expect(headers.has('location'), what).toBe(false);
    return;
  }
  expect(headers.get('content-type'), what).toBe('application/json');
  expect(JSON.parse(text), what).toMatchObject({ status });
  expect(text.length, what).toBeLessThan(6000);
  const [path = ''] = target.slice(1).split('?');
  await requireDocumented(method.toUpperCase(), path, new Response(text, { status, headers }));
}

const asked = everyRoute.flatMap((route) =>
  (['get', 'post'] as const)
    .filter((method) => route[method] !== undefined)
    .map((method) => ({ method, path: route.path, route })),
);

it('there are routes to ask', () => {
  expect(asked.length).toBeGreaterThan(20);
  expect(asked.flatMap(({ route }) => Object.keys(route.about.path ?? {})).length).toBeGreaterThan(12);
});

const withParts = asked.filter(({ route }) => route.about.path !== undefined);

describe.each(withParts)('$method $path', ({ method, route }) => {
  it.each(Object.entries(route.about.path!))('bears anything as %s', async (name, { pattern }) => {
    for (const part of hostileParts) {
      const target = `/${pathOf(route, { [name]: part })}`;
      const answer = await send(method, target);
      await expectNoFailure(method, target, answer);
      // What the document says may stand there is no bad input.
      if (new RegExp(pattern as string).test(part)) continue;
      expect(answer.status, `${target.slice(0, 200)} was answered`).toBeGreaterThanOrEqual(400);
    }
  });

  it.each(Object.entries(route.about.path!))('bears any text as %s', async (name, { pattern }) => {
    await fc.assert(
      fc.asyncProperty(fc.string({ unit: 'binary', minLength: 1 }), async (text) => {
        const target = `/${pathOf(route, { [name]: encodeURIComponent(text) })}`;
        const answer = await send(method, target);
        await expectNoFailure(method, target, answer);
        if (!new RegExp(pattern as string).test(text)) expect(answer.status).toBeGreaterThanOrEqual(400);
      }),
      { numRuns: 30 },
    );
  });
});

describe.each(asked)('$method $path', ({ method, route }) => {
  it('bears anything behind its path', async () => {
    const path = `/${pathOf(route)}`;
    const { status } = await send(method, path);
    const isKnown = (query: string) =>
      [...new URLSearchParams(query).keys()].every((name) => route.about.query?.[name] !== undefined);
    for (const query of hostileQueries) {
      // What is asked for in the way that the route knows, and is not there, is tried beside the route.
      if (route.about.query !== undefined && isKnown(query)) continue;
      const target = `${path}?${query}`;
      const answer = await send(method, target);
      await expectNoFailure(method, target, answer);
      // A route that looks at the query says what may stand in it; to the others it is nothing.
      const allowed = [
        route.about.query === undefined ? status : 400,
        ...(target.length > 16_000 ? [431] : []),
      ];
      expect(allowed, `${target.slice(0, 200)} was answered with ${answer.status}`).toContain(answer.status);
    }
  });
});

describe('a URL that is no route', () => {
  it.each([
    '//',
    '//evil.example/v1/fetch/checkpoint',
    '/v1//fetch/checkpoint',
    '/v1/fetch/checkpoint/',
    '/v1/fetch/checkpoint/..',
    '/%76%31/fetch/checkpoint',
    '/v1/fetch%2fcheckpoint',
    '/V1/fetch/checkpoint',
    '/v1/../../etc/passwd',
    '/v1/fetch/checkpoint%00',
    '/v1/fetch/checkpoint;x=1',
    `/${'a/'.repeat(2000)}`,
    'http://evil.example/v1/fetch/checkpoint',
    'http://[',
    '*',
    '/%',
  ])('%s is answered', async (target) => {
    const answer = await send('get', target);
    expect(answer.status, answer.text).toBeLessThan(500);
    expect(answer.headers.has('location')).toBe(false);
    if (answer.status >= 400) expect(JSON.parse(answer.text)).toMatchObject({ status: answer.status });
  });
});
