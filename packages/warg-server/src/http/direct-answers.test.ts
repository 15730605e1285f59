import { once } from 'node:events';
import { connect } from 'node:net';
import { generatePrivateKey } from '@warg/crypto';
import { encodePublishRecordRequest, paths } from '@warg/protocol/api';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { privateRegistry } from '../../test/private-registry.ts';
import { testPackage } from '../../test/publisher.ts';
import { callerOf } from '../../test/registry-caller.ts';
import { createRegistry, type Registry, type RegistryOptions } from '../create-registry.ts';
import { type RunningServer, serve } from './node-server.ts';

// The same bytes are sent to two servers of one registry, of which one takes the short way where it can: all that they say
// must be the same.

interface Pair {
  readonly short: RunningServer;
  readonly long: RunningServer;
  /** How many requests took the short way. */
  readonly taken: () => number;
  close(): Promise<void>;
}

async function pairOf(registry: Registry): Promise<Pair> {
  let taken = 0;
  const direct: Registry['direct'] = {
    find(method, target) {
      const found = registry.direct.find(method, target);
      if (found === undefined) return undefined;
      const answer: typeof found.answer = (request, context) => {
        taken += 1;
        return found.answer(request, context);
      };
      return { ...found, answer };
    },
  };
  const short = await serve({ fetch: registry.fetch, direct });
  const long = await serve(registry, { direct: false });
  return {
    short,
    long,
    taken: () => taken,
    close: async () => {
      await Promise.all([short.close(), long.close()]);
    },
  };
}

/** Sends texts, each a moment after the one before, and reads until the server closes. */
async function talk(server: RunningServer, parts: readonly string[]): Promise<string> {
  const socket = connect(server.port, '127.0.0.1');
  await once(socket, 'connect');
  let text = '';
  socket.setEncoding('latin1').on('data', (chunk) => {
    text += chunk;
  });
  const closed = once(socket, 'close');
  for (const [i, part] of parts.entries()) {
    if (i > 0) await new Promise((resolve) => setTimeout(resolve, 20));
    socket.write(part, 'latin1');
  }
  await closed;
  return text;
}

/** Answers, with their headers in order, without what differs from one time to the next. */
function comparable(text: string): unknown[] {
  const answers: unknown[] = [];
  for (let rest = text; rest !== ''; ) {
    const end = rest.indexOf('\r\n\r\n');
    const [status, ...lines] = rest.slice(0, end).split('\r\n');
    const headers = lines.map((line) => line.replace(/^[^:]+/, (name) => name.toLowerCase())).sort();
    const length = Number(headers.find((line) => line.startsWith('content-length:'))?.slice(15) ?? 0);
    const kept = headers
      .filter((line) => !line.startsWith('date:'))
      .map((line) => line.replace(/^(x-request-id: )[0-9a-f-]{36}$/, '$1…').replace(/;t=\d+$/, ';t=…'));
    answers.push({ status, headers: kept, body: rest.slice(end + 4, end + 4 + length) });
    rest = rest.slice(end + 4 + length);
  }
  return answers;
}

async function expectSame(pair: Pair, ...parts: string[]): Promise<void> {
  const [short, long] = [await talk(pair.short, parts), await talk(pair.long, parts)];
  // The address differs in nothing but the port.
  const same = (text: string, { port }: RunningServer) => comparable(text.replaceAll(String(port), 'PORT'));
  expect(same(short, pair.short)).toEqual(same(long, pair.long));
  expect(short).toMatch(/^HTTP\/1\.1 \d{3} /);
  expect(short).not.toMatch(/^HTTP\/1\.1 5(?!01)/);
}

interface Ask {
  readonly headers?: readonly string[];
  readonly body?: string;
  readonly host?: string;
  readonly version?: string;
}

function written(
  method: string,
  target: string,
  { headers = [], body, host = 'a.test', version = '1.1' }: Ask = {},
) {
  const lines = [`${method} ${target} HTTP/${version}`, `Host: ${host}`, 'Connection: close', ...headers];
  if (body !== undefined && !headers.some((line) => /^content-type/i.test(line)))
    lines.push('Content-Type: application/json');
  if (body !== undefined && !headers.some((line) => /^(content-length|transfer)/i.test(line)))
    lines.push(`Content-Length: ${Buffer.byteLength(body, 'latin1')}`);
  return `${lines.join('\r\n')}\r\n\r\n${body ?? ''}`;
}

const pkg = testPackage('test:hello');
const id = `sha256:${'ab'.repeat(32)}`;
const init = pkg.init();
const logs = JSON.stringify({ logLength: 2, packages: { [pkg.logId]: null } });
const [CHECKPOINT, LOGS] = [`/${paths.fetchCheckpoint()}`, `/${paths.fetchLogs()}`];
const publish = encodePublishRecordRequest({
  packageName: init.packageName,
  record: init.envelope as never,
  contentSources: new Map(),
});

async function open(options: Partial<RegistryOptions> = {}): Promise<Registry & { readonly pair: Pair }> {
  const registry = await createRegistry({
    operatorKey: generatePrivateKey(),
    namespaces: ['test'],
    // No new signature comes in between.
    resignInterval: 0,
    ...options,
  });
  await callerOf(registry.fetch).settle(init);
  return { ...registry, pair: await pairOf(registry) };
}

describe('the short way and the long one', () => {
  let registry: Registry & { readonly pair: Pair };
  beforeAll(async () => {
    registry = await open();
  });
  afterAll(async () => {
    await registry.pair.close();
    await registry.close();
  });

  const record = `/${paths.record(pkg.logId, init.recordId)}`;
  const inclusion = `/${paths.proveInclusion()}`;
  it.each([
    ['the checkpoint', written('GET', CHECKPOINT)],
    ['logs', written('POST', LOGS, { body: logs })],
    ['names', written('POST', `/${paths.fetchNames()}`, { body: `{"packages":["${pkg.logId}"]}` })],
    ['inclusion', written('POST', inclusion, { body: '{"logLength":2,"leafs":[0,1]}' })],
    ['consistency', written('POST', `/${paths.proveConsistency()}`, { body: '{"from":1,"to":2}' })],
    ['absence', written('POST', `/${paths.proveAbsence()}`, { body: `{"logLength":2,"logIds":["${id}"]}` })],
    ['a record', written('GET', record)],
    ['publishing', written('POST', `/${paths.publishRecord(pkg.logId)}`, { body: publish })],
    ['a record that is not there', written('GET', `/${paths.record(pkg.logId, id)}`)],
    ['a log that is not there', written('POST', LOGS, { body: `{"logLength":2,"packages":{"${id}":null}}` })],
    ['a length that is not there', written('POST', LOGS, { body: '{"logLength":99,"packages":{}}' })],
    ['a record id that is none', written('GET', `/${paths.record(pkg.logId, 'x')}`)],
    ['a body that is no JSON', written('POST', LOGS, { body: '{' })],
    ['a body of another shape', written('POST', LOGS, { body: '{"a":1}' })],
    ['a body that is no UTF-8', written('POST', LOGS, { body: '"\xff"' })],
    [
      'a body that is too large',
      written('POST', `/${paths.proveConsistency()}`, { body: '1'.repeat(50_000) }),
    ],
    ['another type', written('POST', LOGS, { body: logs, headers: ['Content-Type: text/plain'] })],
    [
      'a type with more',
      written('POST', LOGS, { body: logs, headers: ['Content-Type: \t application/x+json ;a '] }),
    ],
    [
      'two types',
      written('POST', LOGS, {
        body: logs,
        headers: ['Content-Type: text/plain', 'Content-Type: application/json'],
      }),
    ],
    ['a sane id', written('GET', CHECKPOINT, { headers: ['X-Request-Id: abc-1'] })],
    ['two ids', written('GET', CHECKPOINT, { headers: ['X-Request-Id: abc-1', 'x-request-id: abc-2'] })],
    ['an insane id', written('GET', CHECKPOINT, { headers: ['X-Request-Id: a b\xe4'] })],
    ['a token that is none', written('GET', CHECKPOINT, { headers: ['Authorization: Bearer wargt_1_2'] })],
    ['a token for others', written('GET', CHECKPOINT, { headers: ['Authorization: Basic abc'] })],
    [
      'two tokens',
      written('GET', CHECKPOINT, { headers: ['Authorization: Bearer wargt_1_2', 'Authorization: x'] }),
    ],
    ['this registry', written('GET', CHECKPOINT, { headers: ['Warg-Registry: a.test'] })],
    ['another registry', written('GET', CHECKPOINT, { headers: ['Warg-Registry: b.test'] })],
    ['any ETag', written('GET', CHECKPOINT, { headers: ['If-None-Match: *'] })],
    ['another ETag', written('GET', CHECKPOINT, { headers: ['If-None-Match: "x", W/"y"'] })],
    ['another origin', written('GET', CHECKPOINT, { headers: ['Origin: https://b.test'] })],
    ['what may be asked', written('OPTIONS', LOGS, { headers: ['Access-Control-Request-Method: POST'] })],
    ['HEAD', written('HEAD', CHECKPOINT)],
    ['another method', written('POST', CHECKPOINT, { body: '{}' })],
    ['no method', written('BREW', CHECKPOINT)],
    ['GET with a body', written('GET', CHECKPOINT, { body: '{}' })],
    ['POST without one', written('POST', LOGS)],
    ['POST with an empty one', written('POST', LOGS, { body: '' })],
    [
      'chunks',
      written('POST', LOGS, {
        headers: ['Transfer-Encoding: chunked'],
        body: `${logs.length.toString(16)}\r\n${logs}\r\n0\r\n\r\n`,
      }),
    ],
    ['a query', written('GET', `${CHECKPOINT}?a=b`)],
    [
      'a long answer',
      written('POST', inclusion, { body: `{"logLength":2,"leafs":[${'0,1,'.repeat(40)}0]}` }),
    ],
    ['a query with more in it', written('GET', `${CHECKPOINT}?a=%00&b=[c]`)],
    ['a log with its proofs', written('GET', `/${paths.provedLog(`${pkg.logId}@2`)}`)],
    ['a part of it', written('GET', `/${paths.provedLog(`${pkg.logId}@2`)}?operator=${init.recordId}`)],
    ['a log by an escape', written('GET', `/${paths.provedLog(`${pkg.logId.replace(':', '%3A')}@2`)}`)],
    ['a log at no length', written('GET', `/${paths.provedLog(`${pkg.logId}@x`)}?a=b`)],
    ['a slash more', written('GET', `${CHECKPOINT}/`)],
    ['an escape', written('GET', '/v1/fetch/%63heckpoint')],
    ['dots', written('GET', '/v1/x/../fetch/checkpoint')],
    ['a whole URL', written('GET', `http://b.test${CHECKPOINT}`)],
    ['no such path', written('GET', '/v1/nowhere')],
    ['a host in capitals', written('GET', CHECKPOINT, { host: 'A.Test' })],
    [
      'a host with a port',
      written('GET', CHECKPOINT, { host: 'a.test:8090', headers: ['Warg-Registry: a.test:8090'] }),
    ],
    ['a bad host', written('GET', CHECKPOINT, { host: 'a b' })],
    ['a host that is an IPv6 address', written('GET', CHECKPOINT, { host: '[::1]:80' })],
    ['a host that is no address', written('GET', CHECKPOINT, { host: '1.2.3.256' })],
    [
      'a host that is no address, with a question about it',
      written('GET', CHECKPOINT, { host: '08', headers: ['Warg-Registry: a.test'] }),
    ],
    ['a host that is no address, in a URL', written('GET', `http://1.2.3.4.5${CHECKPOINT}`)],
    [
      'a host that is an address',
      written('GET', CHECKPOINT, { host: '127.0.0.1:8090', headers: ['Warg-Registry: 127.0.0.1'] }),
    ],
    ['no host', `GET ${CHECKPOINT} HTTP/1.1\r\nConnection: close\r\n\r\n`],
    ['HTTP 1.0', written('GET', CHECKPOINT, { version: '1.0' })],
    ['HTTP 1.0 with a body', written('POST', LOGS, { version: '1.0', body: logs })],
    [
      'two at once',
      written('GET', CHECKPOINT).replace('close', 'keep-alive') + written('POST', LOGS, { body: logs }),
    ],
    [
      'many at once, each in its turn',
      [
        written('POST', LOGS, { body: logs }),
        written('GET', '/v1/nowhere'),
        written('GET', record),
        written('POST', LOGS, { body: '{' }),
      ]
        .map((text) => text.replace('close', 'keep-alive'))
        .join('') + written('GET', CHECKPOINT),
    ],
  ])('say the same to %s', async (_, text) => {
    await expectSame(registry.pair, text);
  });

  it('say the same when a body comes late, in pieces, or after a question', async () => {
    const whole = written('POST', LOGS, { body: logs });
    const head = whole.indexOf('\r\n\r\n') + 4;
    await expectSame(registry.pair, whole.slice(0, head), whole.slice(head));
    await expectSame(registry.pair, whole.slice(0, 10), whole.slice(10, head + 5), whole.slice(head + 5));
    const asking = written('POST', LOGS, { body: logs, headers: ['Expect: 100-continue'] });
    const [short, long] = [
      await talk(registry.pair.short, [asking]),
      await talk(registry.pair.long, [asking]),
    ];
    expect(comparable(short)).toEqual(comparable(long));
  });

  it('were both taken', () => {
    expect(registry.pair.taken()).toBeGreaterThan(25);
  });

  it('survives those who go away in the middle', async () => {
    const before = registry.pair.taken();
    const socket = connect(registry.pair.short.port, '127.0.0.1');
    await once(socket, 'connect');
    socket.write(written('POST', LOGS, { body: logs }));
    socket.destroy();
    const late = connect(registry.pair.short.port, '127.0.0.1');
    await once(late, 'connect');
    late.write(written('POST', LOGS, { body: logs }).slice(0, -3));
    late.destroy();
    await expectSame(registry.pair, written('GET', CHECKPOINT));
    expect(registry.pair.taken()).toBeGreaterThan(before);
  });
});

describe('with limits and proxies', () => {
  it('both count, and say the same', async () => {
    const limits = { perSecond: 0.001, burst: 2 };
    const registry = await open({ rateLimits: { reads: limits }, trustedProxies: ['127.0.0.1'] });
    // Each client asks by one of the two ways only, as often.
    for (let i = 0; i < 3; i++) {
      const [short, long] = await Promise.all(
        [registry.pair.short, registry.pair.long].map((server, n) =>
          talk(server, [written('GET', CHECKPOINT, { headers: [`X-Forwarded-For: 192.0.2.${n}`] })]),
        ),
      );
      expect(comparable(short!)).toEqual(comparable(long!));
      expect(short).toContain(i < 2 ? 'HTTP/1.1 200' : 'HTTP/1.1 429');
    }
    expect(registry.pair.taken()).toBe(3);
    for (const host of ['1.2.3.256', '08', '4294967296']) {
      await expectSame(
        registry.pair,
        written('GET', CHECKPOINT, { host, headers: ['X-Forwarded-Proto: https'] }),
      );
    }
    await registry.pair.close();
    await registry.close();
  });
});

describe('a private registry', () => {
  it('lets in the same', async () => {
    const { registry, addToken, publish, revoke, close } = await privateRegistry({ resignInterval: 0 });
    const all = await addToken();
    const some = await addToken({ scope: 'read', namespaces: ['theirs'] });
    const ours = testPackage('ours:hello');
    await publish(all, ours.init());
    const pair = await pairOf(registry);
    const asks = (token?: string) => {
      const headers = token === undefined ? [] : [`Authorization: Bearer ${token}`];
      const body = JSON.stringify({ logLength: 2, packages: { [ours.logId]: null } });
      return [
        written('GET', CHECKPOINT, { headers }),
        written('POST', LOGS, { headers, body }),
        written('POST', `/${paths.proveInclusion()}`, { headers, body: '{"logLength":2,"leafs":[1]}' }),
        written('POST', `/${paths.proveAbsence()}`, { headers, body: `{"logLength":2,"logIds":["${id}"]}` }),
        written('GET', `/${paths.record(ours.logId, id)}`, { headers }),
      ];
    };
    for (const token of [undefined, all.text, some.text, 'wargt_0_0']) {
      for (const text of asks(token)) await expectSame(pair, text);
    }
    expect(await talk(pair.short, [asks(some.text)[1]!])).toContain('HTTP/1.1 404');
    await revoke(all);
    for (const text of asks(all.text)) {
      await expectSame(pair, text);
      expect(await talk(pair.short, [text])).toContain('HTTP/1.1 401');
    }
    expect(pair.taken()).toBeGreaterThan(25);
    await pair.close();
    await close();
  });
});
