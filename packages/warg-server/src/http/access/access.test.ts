import { digestOf, encodeUtf8 } from '@warg/crypto';
import { OPERATOR_LOG_ID } from '@warg/protocol';
import { paths } from '@warg/protocol/api';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  type PrivateRegistry,
  privateRegistry,
  type TestToken,
  uploadUrls,
} from '../../../test/private-registry.ts';
import { testPackage } from '../../../test/publisher.ts';
import { type Answer, openRegistry, type RegistryCaller } from '../../../test/registry-caller.ts';
import { routesOf } from '../app.ts';
import type { Services } from '../services.ts';
import { makeToken } from './tokens.ts';

/** Every route that lets in whoever comes to a private registry. Think twice before you add one. */
const DOCUMENTS = ['.well-known/wasm-pkg/registry.json', '.well-known/warg/registry.json'];
const PUBLIC_ROUTES = [...DOCUMENTS, 'healthz', 'readyz', 'openapi.json'];

const digest = digestOf(encodeUtf8('their content'));
const unknown = digestOf(encodeUtf8('nothing that is there'));

let hosted: PrivateRegistry;
let all: TestToken;
let monitor: TestToken;
let reader: TestToken;
let publisher: TestToken;
/** May read and publish in `ours`. */
let call: RegistryCaller;
const mine = testPackage('ours:mine');
const their = testPackage('theirs:secret');
const pending = testPackage('theirs:pending');
const theirRecord = their.init();
const theirRelease = their.release('1.0.0', digest);
const mineRecord = mine.init();
const pendingRecord = pending.init({ type: 'release', version: '1.0.0' as never, content: unknown });
let logLength: number;

beforeAll(async () => {
  hosted = await privateRegistry({ publicUrl: 'https://registry.test' });
  all = await hosted.addToken();
  monitor = await hosted.addToken({ scope: 'read' });
  reader = await hosted.addToken({ scope: 'read', namespaces: ['ours'] });
  publisher = await hosted.addToken({ namespaces: ['ours'] });
  call = hosted.caller(publisher);
  await hosted.publish(publisher, mineRecord);
  await hosted.publish(all, theirRecord);
  await hosted.publish(all, theirRelease, { [digest]: 'their content' });
  expect((await hosted.caller(all).publish(pendingRecord)).json()).toMatchObject({ state: 'sourcing' });
  logLength = (await call.get(paths.fetchCheckpoint())).json<{ contents: { logLength: number } }>().contents
    .logLength;
});
afterAll(() => hosted.close());

/** Every method of every route, with something in place of its parameters. */
const requests = routesOf({ publicUrl: 'https://registry.test', core: {} } as Services).flatMap((route) =>
  (['get', 'post'] as const)
    .filter((method) => route[method] !== undefined)
    .map((method) => ({
      ...route,
      method: method.toUpperCase(),
      url: route.path.replace(':start', '0').replaceAll(/:\w+(\{[^}]*\})?/g, digest),
    })),
);

function send(to: RegistryCaller, { url, method }: (typeof requests)[number], headers = {}): Promise<Answer> {
  const post = { body: '{}', headers: { 'content-type': 'application/json', ...headers } };
  return to.request(url, { method, ...(method === 'POST' ? post : { headers }) });
}

describe('without a token', () => {
  it('there are routes to ask', () => {
    expect(requests.length).toBeGreaterThan(14);
    const open = requests.filter(({ access }) => access === 'public').map(({ path }) => path);
    expect(open).toEqual(PUBLIC_ROUTES);
  });

  it.each(requests.filter(({ access }) => access !== 'public'))(
    '$method $path is refused',
    async (request) => {
      const answer = await send(hosted.caller(), request);
      expect(answer.status).toBe(401);
      expect(answer.json()).toEqual({ status: 401, message: expect.stringMatching(/needs a token/) });
      expect(answer.headers.get('www-authenticate')).toBe('Bearer realm="warg"');
      expect(answer.headers.get('cache-control')).toBe('private, no-store');
      expect(answer.headers.get('vary')).toBe('Authorization, Warg-Registry');
      expect(answer.headers.get('access-control-expose-headers')).toContain('www-authenticate');
    },
  );

  it('the documents that lead to the registry are there, for everybody and to keep', async () => {
    for (const path of DOCUMENTS) {
      const answer = await hosted.caller().get(path);
      expect(answer.status).toBe(200);
      expect(answer.headers.get('cache-control')).toMatch(/^public/);
    }
  });

  it('a browser may ask whether it may ask, and nothing else', async () => {
    const preflight = await hosted.caller().request(paths.fetchLogs(), {
      method: 'OPTIONS',
      headers: { 'access-control-request-method': 'POST', origin: 'https://page.example' },
    });
    expect(preflight.status).toBe(204);
    expect(preflight.headers.get('access-control-allow-headers')).toContain('authorization');
    const options = await hosted.caller().request(paths.fetchLogs(), { method: 'OPTIONS' });
    expect(options.status).toBe(405);
    for (const file of [digest, unknown].map((each) => `content/${each.replace(':', '-')}`)) {
      const head = await hosted.caller().request(file, { method: 'HEAD' });
      expect(head.status).toBe(401);
      const range = await hosted.caller().get(file, { range: 'bytes=0-1' });
      expect([range.status, range.text]).toEqual([401, (await hosted.caller().get(file)).text]);
    }
  });
});

describe('a token', () => {
  const ask = (authorization: string) => hosted.caller().get(paths.fetchCheckpoint(), { authorization });

  it('is read in any case of its scheme, and lets in', async () => {
    for (const scheme of ['Bearer', 'bearer', 'BEARER', 'Bearer  ']) {
      const answer = await ask(`${scheme} ${reader.text}`);
      expect(answer.status).toBe(200);
      expect(answer.headers.get('cache-control')).toBe('private, no-store');
      expect(answer.headers.get('vary')).toBe('Authorization, Warg-Registry');
    }
  });

  it('is refused in the same words whatever is wrong with it', async () => {
    const stranger = makeToken({
      scope: 'read',
      namespaces: undefined,
      name: '',
      createdAt: 0,
      expiresAt: undefined,
    });
    const [prefix, , secret] = reader.text.split('_');
    const revoked = await hosted.addToken();
    await hosted.revoke(revoked);
    const expired = await hosted.addToken({ expiresAt: Date.now() - 1 });
    const wrong = [
      stranger.text,
      reader.text.slice(0, -1),
      `${prefix}_${monitor.id}_${secret}_00000000`,
      revoked.text,
      expired.text,
      `${reader.text}, Bearer ${monitor.text}`,
      'x'.repeat(5000),
      '',
    ];
    const answers = await Promise.all(wrong.map((text) => ask(`Bearer ${text}`)));
    answers.push(await ask(`Basic ${reader.text}`), await ask(reader.text));
    for (const answer of answers) {
      expect([answer.status, answer.text]).toEqual([401, answers[0]!.text]);
      expect(answer.headers.get('www-authenticate')).toBe('Bearer realm="warg", error="invalid_token"');
      expect(answer.text).not.toContain('wargt_');
    }
    const query = await hosted.caller().get(`${paths.fetchCheckpoint()}?token=${reader.text}`);
    expect(query.status).toBe(401);
  });

  it('is refused everywhere from the moment on when it is revoked', async () => {
    const token = await hosted.addToken();
    expect((await hosted.caller(token).get(paths.fetchCheckpoint())).status).toBe(200);
    await hosted.revoke(token);
    expect((await hosted.caller(token).get(paths.fetchCheckpoint())).status).toBe(401);
  });

  it('has its use noted, once in a while', async () => {
    const token = await hosted.addToken();
    const used = async () => (await hosted.store.read((reads) => reads.accessToken(token.id)))?.lastUsedAt;
    expect(await used()).toBeUndefined();
    const before = Date.now();
    await hosted.caller(token).get(paths.fetchCheckpoint());
    await expect.poll(used, { timeout: 20_000 }).toBeGreaterThanOrEqual(before);
    const first = await used();
    const revision = await hosted.store.revision();
    await hosted.caller(token).get(paths.fetchCheckpoint());
    await hosted.caller(token).get(paths.fetchCheckpoint());
    expect([await used(), await hosted.store.revision()]).toEqual([first, revision]);
  });
});

describe('a token for one namespace', () => {
  it.each(requests.filter(({ access }) => access === undefined || access === 'all'))(
    'does not get at $path, which tells of all packages',
    async (request) => {
      const answer = await send(call, request);
      expect(answer.status).toBe(403);
      expect(answer.headers.get('www-authenticate')).toContain('insufficient_scope');
      expect((await send(hosted.caller(monitor), request)).status).not.toBe(403);
    },
  );

  const logs = (logId: string, more: object = {}) =>
    call.post(paths.fetchLogs(), { logLength, packages: { [logId]: null }, ...more });

  it('reads its own packages, and what verifying them takes', async () => {
    const own = await logs(mine.logId, { operator: null });
    expect(own.json()).toMatchObject({ packages: { [mine.logId]: [{}] } });
    expect(own.json<{ operator: unknown[] }>().operator.length).toBeGreaterThan(0);
    const names = await call.post(paths.fetchNames(), { packages: [mine.logId] });
    expect(names.json()).toEqual({ packages: { [mine.logId]: 'ours:mine' } });
    expect((await call.get(paths.record(mine.logId, mineRecord.recordId))).json()).toMatchObject({
      state: 'published',
    });
    const leaf = own.json<{ packages: Record<string, { registryIndex: number }[]> }>().packages[
      mine.logId
    ]![0]!;
    const proof = { logLength, leafs: [leaf.registryIndex] };
    expect((await call.post(paths.proveInclusion(), proof)).status).toBe(200);
    expect((await call.post(paths.proveConsistency(), { from: 1, to: logLength })).status).toBe(200);
    const checkpoint = (await call.get(paths.fetchCheckpoint())).text;
    expect((await call.post(paths.verifyCheckpoint(), checkpoint)).json()).toMatchObject({
      signature: 'verified',
    });
  });

  /** What is asked about a thing of another namespace, and about one that is not there. */
  const oracles: [string, (logId: string, recordId: string, digest: string) => Promise<Answer>][] = [
    ['its log', (logId) => logs(logId)],
    [
      'its log among others',
      (logId) => logs(mine.logId, { packages: { [mine.logId]: null, [logId]: null } }),
    ],
    ['its log from a record on', (logId, recordId) => logs(logId, { packages: { [logId]: recordId } })],
    ['its log at a length that is not', (logId) => logs(logId, { logLength: 10_000 })],
    ['its log with proofs', (logId) => call.get(`v1/proved/${logId}@${logLength}`)],
    [
      'its log with proofs from a record on',
      (logId, recordId) => call.get(`v1/proved/${logId}@${logLength}?after=${recordId}`),
    ],
    ['its name', (logId) => call.post(paths.fetchNames(), { packages: [mine.logId, logId] })],
    ['its record', (logId, recordId) => call.get(paths.record(logId, recordId))],
    ['another record of its log', (logId) => call.get(paths.record(logId, unknown))],
    [
      'an upload to its record',
      (logId, recordId, content) =>
        call.request(paths.recordContent(logId, recordId, content), { method: 'POST', body: 'x' }),
    ],
    [
      'the end of an upload to its record',
      (logId, recordId, content) =>
        call.request(paths.completeContent(logId, recordId, content), { method: 'POST' }),
    ],
    ['where its content is', (_, __, content) => call.get(paths.content(content))],
    ['its content', (_, __, content) => call.get(`content/${content.replace(':', '-')}`)],
    [
      'a part of its content',
      (_, __, content) => call.get(`content/${content.replace(':', '-')}`, { range: 'bytes=99999-' }),
    ],
    [
      'whether it has its content',
      (_, __, content) =>
        call.get(`content/${content.replace(':', '-')}`, {
          'if-none-match': `"${content.replace(':', '-')}"`,
        }),
    ],
    [
      'a proof that it is not there',
      (logId) => call.post(paths.proveAbsence(), { logLength, logIds: [logId] }),
    ],
  ];

  it.each(oracles)('is told nothing of another package by %s', async (_, ask) => {
    const nothing = testPackage('theirs:nothing');
    const noRecord = nothing.init().recordId;
    const strip = (answer: Answer, ids: readonly string[]) => ({
      status: answer.status,
      text: ids.reduce((text, id) => text.replaceAll(id, 'ID'), answer.text),
      headers: [...answer.headers].filter(([name]) => name !== 'x-request-id'),
    });
    const none = [nothing.logId, noRecord, unknown] as const;
    const expected = strip(await ask(...none), none);
    expect(expected.status).toBeGreaterThanOrEqual(400);
    for (const there of [
      [their.logId, theirRelease.recordId, digest],
      [pending.logId, pendingRecord.recordId, unknown],
    ] as const) {
      expect(strip(await ask(...there), there)).toEqual(expected);
    }
  });

  it('gets no proof about the records of others, nor learns whose they are', async () => {
    const request = { logLength, packages: { [their.logId]: null } };
    const { packages } = (await hosted.caller(monitor).post(paths.fetchLogs(), request)).json<{
      packages: Record<string, { registryIndex: number }[]>;
    }>();
    const leafs = packages[their.logId]!.map(({ registryIndex }) => registryIndex);
    expect(leafs).toHaveLength(2);
    for (const leaf of [...leafs, logLength]) {
      const answer = await call.post(paths.proveInclusion(), { logLength, leafs: [leaf] });
      expect(answer.json()).toEqual({ status: 404, type: 'leaf', id: leaf });
    }
    expect((await call.get(paths.record(OPERATOR_LOG_ID, unknown))).status).toBe(404);
  });

  it('publishes in its namespace alone, whatever is there', async () => {
    const inTheirs = await Promise.all([
      call.publish(theirRecord),
      call.publish(pendingRecord),
      call.publish(testPackage('theirs:new').init()),
    ]);
    for (const { status, text } of inTheirs) {
      expect([status, text]).toEqual([403, inTheirs[0]!.text]);
    }
    expect((await call.publish(testPackage('nowhere:x').init())).status).toBe(403);
    expect((await call.publish(testPackage('ours:new').init())).status).toBe(202);
  });

  it('publishes nothing if it may only read', async () => {
    const answer = await hosted.caller(reader).publish(testPackage('ours:other').init());
    expect(answer.status).toBe(403);
    expect(answer.json()).toMatchObject({ message: expect.stringMatching(/read, not publish/) });
  });

  it('does not get a content by releasing its digest', async () => {
    const thief = testPackage('ours:thief');
    await hosted.publish(publisher, thief.init());
    const release = thief.release('1.0.0', digest);
    const answer = await call.publish(release);
    expect(answer.json()).toMatchObject({ state: 'sourcing' });
    const [[, url]] = uploadUrls(answer) as [[string, string]];
    expect((await hosted.caller().request(url, { method: 'POST', body: 'a guess' })).status).toBe(400);
    expect((await call.get(paths.content(digest))).status).toBe(404);
    // Who has the bytes may release them, too.
    expect((await hosted.caller().request(url, { method: 'POST', body: 'their content' })).status).toBe(201);
    expect(await call.settle(release)).toMatchObject({ state: 'published' });
    expect((await call.get(paths.content(digest))).status).toBe(200);
  });
});

describe('a token for all namespaces', () => {
  it('reads what monitors need', async () => {
    const watch = hosted.caller(monitor);
    const records = await watch.get(paths.ledgerRecords(0));
    expect(records.bytes.length % 64).toBe(0);
    expect(records.headers.get('cache-control')).toBe('private, no-store');
    for (const tile of ['tile/0/000.p/1', 'tile/entries/000.p/1']) {
      const answer = await watch.get(tile);
      expect([answer.status, answer.headers.get('cache-control')]).toEqual([200, 'private, no-store']);
      expect((await hosted.caller(reader).get(tile)).status).toBe(403);
    }
    const absence = { logLength, logIds: [testPackage('ours:none').logId] };
    expect((await watch.post(paths.proveAbsence(), absence)).status).toBe(200);
    const packages = { [mine.logId]: null, [their.logId]: null };
    expect((await watch.post(paths.fetchLogs(), { logLength, packages })).status).toBe(200);
  });
});

describe('a public registry', () => {
  it('takes tokens for publishing if it is told to, and for nothing else', async () => {
    const open = await privateRegistry({ access: { publishTokens: true } });
    const token = await open.addToken({ namespaces: ['ours'] });
    const record = testPackage('ours:a').init();
    const anybody = open.caller();
    const refused = await anybody.publish(record);
    expect(refused.status).toBe(401);
    expect(refused.headers.get('www-authenticate')).toBe('Bearer realm="warg"');
    const checkpoint = await anybody.get(paths.fetchCheckpoint());
    expect(checkpoint.status).toBe(200);
    expect(checkpoint.headers.get('cache-control')).toBe('no-cache');
    const a = testPackage('ours:b');
    await open.publish(token, a.init());
    await open.publish(token, a.release('1.0.0', digest), { [digest]: 'their content' });
    expect((await open.caller(token).publish(testPackage('theirs:a').init())).status).toBe(403);
    const { url } = (await anybody.get(paths.content(digest))).json<{
      contentSources: Record<string, { url: string }[]>;
    }>().contentSources[digest]![0]!;
    const file = await anybody.get(new URL(url).pathname.slice(1));
    expect([file.status, file.text]).toEqual([200, 'their content']);
    expect(file.headers.get('cache-control')).toMatch(/^public/);
    expect(file.headers.get('vary')).toBe('Authorization, Warg-Registry');
    const own = await open.caller(token).get(new URL(url).pathname.slice(1));
    expect(own.headers.get('cache-control')).toBe('private, no-store');
    await open.close();
  });

  it('refuses a token of its form that is not good, and overlooks what is meant for others', async () => {
    const open = await openRegistry();
    const ask = async (authorization: string) =>
      (await open.call.get(paths.fetchCheckpoint(), { authorization })).status;
    expect(await ask('Bearer wargt_whatever')).toBe(401);
    expect(await ask('Bearer something')).toBe(200);
    expect(await ask('Basic eDp5')).toBe(200);
    await open.close();
  });
});
