import { digestOf, encodeUtf8 } from '@warg/crypto';
import { limits, paths } from '@warg/protocol/api';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { jsonCalls, withOtherDigests } from '../../test/described-requests.ts';
import { digestNamed, testPackage } from '../../test/publisher.ts';
import { type Answer, openRegistry, type RegistryCaller } from '../../test/registry-caller.ts';
import type { Registry } from '../create-registry.ts';

let registry: Registry;
let call: RegistryCaller;
const failures: object[] = [];
const pkg = testPackage('test:hello');

beforeAll(async () => {
  const log = { debug() {}, info() {}, warn() {}, error: (fields: object) => failures.push(fields) };
  const opened = await openRegistry({ log, contentSources: { hosts: ['assets.example'] } });
  registry = opened;
  call = opened.call;
  await call.settle(pkg.init());
});
afterAll(async () => {
  await registry.close();
  expect(failures).toEqual([]);
});

/** An answer that blames the asker, in the form that every client can read. */
function expectRefusal(answer: Answer, ...statuses: number[]): void {
  expect(answer.status, answer.text).toBeGreaterThanOrEqual(400);
  expect(answer.status, answer.text).toBeLessThan(500);
  if (statuses.length > 0) expect(statuses).toContain(answer.status);
  expect(answer.json()).toMatchObject({ status: answer.status });
  expect(answer.bytes.byteLength).toBeLessThan(2000);
}

/** An answer to what is no bad input but for what was put into it. */
function expectNoFailure(answer: Answer): void {
  if (answer.status !== 200 && answer.status !== 202) expectRefusal(answer);
}

it('there are routes that read JSON', () => {
  expect(jsonCalls.length).toBeGreaterThan(6);
  expect(jsonCalls.flatMap(({ many }) => many(1)).length).toBeGreaterThan(4);
  expect(jsonCalls.flatMap(({ body }) => [...withOtherDigests(body, '')]).length).toBeGreaterThan(5);
});

describe.each(jsonCalls)('$path', ({ path }) => {
  it.each([
    ['nothing', ''],
    ['half an object', '{'],
    ['an object and more', '{} {}'],
    ['a comment', '{/**/}'],
    ['a trailing comma', '{"a":1,}'],
    ['NaN', 'NaN'],
    ['a byte order mark', '\ufeff{}'],
    ['half a surrogate escape', '{"a":"\\ud8"}'],
    ['bytes that are no UTF-8', new Uint8Array([0x7b, 0x22, 0xc3, 0x28, 0x22, 0x3a, 0x31, 0x7d])],
    ['UTF-16', new Uint8Array(Buffer.from('{}', 'utf16le'))],
  ])('says 400 to %s', async (_, body) => {
    expectRefusal(await call.post(path, body), 400);
  });

  it.each(['null', 'true', '1', '"x"', '[]', '[[]]', '{}', '{"__proto__":{"logLength":1}}'])(
    'says 422 to %s',
    async (body) => {
      expectRefusal(await call.post(path, body), 422);
    },
  );

  it.each([
    'text/plain',
    'application/octet-stream',
    'application/jsonx',
    'multipart/form-data; boundary=x',
    'json',
    ';',
  ])('says 415 to %s', async (type) => {
    expectRefusal(await call.post(path, '{}', { 'content-type': type }), 415);
  });

  it('says 415 to a body without a type', async () => {
    expectRefusal(await call.request(path, { method: 'POST', body: new Uint8Array([0x7b, 0x7d]) }), 415);
  });

  it('reads JSON with a charset, and of related types', async () => {
    for (const type of ['application/json; charset=utf-8', 'Application/JSON', 'application/x+json']) {
      expectRefusal(await call.post(path, '{}', { 'content-type': type }), 422);
    }
  });

  it('says 413 to 10 MB of JSON', async () => {
    expectRefusal(await call.post(path, `{"a":"${'x'.repeat(1e7)}"}`), 413);
  });

  it('says 413 to a body that only announces to be large', async () => {
    expectRefusal(await call.post(path, '{}', { 'content-length': '99999999999999999999' }), 413);
  });

  it('says 413 to a body that is large without saying so', async () => {
    const body = new ReadableStream({
      pull(controller) {
        controller.enqueue(new Uint8Array(65_536).fill(0x20));
      },
    });
    const headers = { 'content-type': 'application/json' };
    expectRefusal(
      await call.request(path, { method: 'POST', body, headers, duplex: 'half' } as RequestInit),
      413,
    );
  });

  it.each([1000, 4000])('refuses %i levels of nesting', async (depth) => {
    for (const [open, close] of [
      ['[', ']'],
      ['{"a":', '}'],
    ] as const) {
      const text = open.repeat(depth) + (open === '[' ? '' : '1') + close.repeat(depth);
      expectRefusal(await call.post(path, text.slice(0, 16_000)), 400, 413, 422);
    }
  });

  it('says 400 to a body that breaks off', async () => {
    const body = {
      async *[Symbol.asyncIterator]() {
        yield encodeUtf8('{"logLength":');
        throw new Error('connection reset');
      },
    };
    const init = { method: 'POST', headers: { 'content-type': 'application/json' } };
    expectRefusal(await call.request(path, init, { body }), 400);
  });
});

describe.each(jsonCalls)('$path', ({ path, body, many }) => {
  const wrong: unknown[] = [
    null,
    true,
    -1,
    1.5,
    1e300,
    '',
    'x',
    '😀',
    [],
    [null],
    [[1]],
    {},
    { a: 1 },
    2 ** 64,
    'x'.repeat(1000),
  ];

  it('reads what is well-formed', async () => {
    const answer = await call.post(path, body);
    expectNoFailure(answer);
    expect(answer.text).not.toContain('cannot be read: expected');
  });

  it.each(Object.keys(body))('bears any value of %s', async (member) => {
    for (const value of wrong) {
      expectNoFailure(await call.post(path, { ...body, [member]: value }));
    }
  });

  it('bears anything that is JSON', async () => {
    await fc.assert(
      fc.asyncProperty(fc.json({ maxDepth: 4 }), async (text) => {
        expectRefusal(await call.post(path, text));
      }),
      { numRuns: 50 },
    );
  });

  it('bears anything beside what it knows', async () => {
    await fc.assert(
      fc.asyncProperty(fc.dictionary(fc.string(), fc.jsonValue({ maxDepth: 3 })), async (extra) => {
        expectNoFailure(await call.post(path, { ...extra, ...body }));
      }),
      { numRuns: 50 },
    );
  });

  it('says 413 to 100,000 of what it takes several of', async () => {
    for (const [member, large] of many(100_000)) {
      const answer = await call.post(path, large);
      expect(answer.status, `${member}: ${answer.text}`).toBe(413);
      expectRefusal(answer);
    }
  });

  it.each([
    ['another algorithm', `sha512:${'ab'.repeat(64)}`],
    ['an algorithm that is none', `md4:${'ab'.repeat(32)}`],
    ['an algorithm in capitals', `SHA256:${'ab'.repeat(32)}`],
    ['no algorithm', 'ab'.repeat(32)],
    ['digits in capitals', `sha256:${'AB'.repeat(32)}`],
    ['a digit too few', `sha256:${'ab'.repeat(32).slice(1)}`],
    ['a digit too many', `sha256:${'ab'.repeat(32)}a`],
    ['100,000 digits', `sha256:${'ab'.repeat(50_000)}`],
  ])('refuses digests with %s', async (_, other) => {
    for (const changed of withOtherDigests(body, other)) {
      expectRefusal(await call.post(path, changed), 400, 404, 413, 422);
    }
  });
});

describe('bodies', () => {
  it('refuses a member twice', async () => {
    expectRefusal(await call.post(paths.fetchLogs(), '{"logLength":1,"logLength":2}'), 400, 422);
  });

  it('refuses a record larger than records may be', async () => {
    const contentBytes = 'A'.repeat(Math.ceil((limits.recordContents + 3) / 3) * 4 + 400_000);
    const { envelope } = pkg.init();
    const { keyId, signature } = envelope;
    const body = { packageName: 'test:hello', record: { contentBytes, keyId, signature } };
    expectRefusal(await call.post(paths.publishRecord(pkg.logId), body), 400, 413, 422);
  });
});

describe('the operator log', () => {
  it('is none where packages are asked for', async () => {
    const operatorLog = digestOf(encodeUtf8('WARG-OPERATOR-LOG-ID-V0'));
    expectRefusal(await call.get(paths.record(operatorLog, digestNamed('x'))), 404);
    expectRefusal(await call.post(paths.fetchNames(), { packages: [operatorLog] }), 404);
  });
});

describe('headers', () => {
  it('may say anything', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(
          'range',
          'if-none-match',
          'if-range',
          'warg-registry',
          'accept',
          'authorization',
          'content-length',
        ),
        fc.string({ unit: fc.constantFrom(...'abc019-=,;:*/" \t') }),
        async (name, value) => {
          const answer = await call.get(`content/sha256-${'ab'.repeat(32)}`, { [name]: value });
          expectRefusal(answer, 404);
        },
      ),
      { numRuns: 100 },
    );
  });
});
