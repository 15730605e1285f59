import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { digestOf, encodePrivateKey, encodeUtf8, generatePrivateKey, publicKeyOf } from '@warg/crypto';
import { paths } from '@warg/protocol/api';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { httpReader } from './http-reader.ts';
import { describeWithPostgres, type PostgresServer, startPostgres } from './postgres-server.ts';
import { uploadUrls } from './private-registry.ts';
import { testPackage } from './publisher.ts';
import { callerOf, type RegistryCaller } from './registry-caller.ts';
import { freePort, PROGRAM, programEnvironment, type ServerProcess, startServer } from './server-process.ts';
import { verifyRegistry } from './verify-registry.ts';

let folder: string;
const operatorKey = generatePrivateKey();
let keyFile: string;
const servers: ServerProcess[] = [];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'warg-private-server-'));
  keyFile = join(folder, 'operator.key');
  writeFileSync(keyFile, encodePrivateKey(operatorKey));
});
afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => server.kill()));
  rmSync(folder, { recursive: true });
});

async function start(args: readonly string[], env: Readonly<Record<string, string>> = {}) {
  const all = ['--operator-key-file', keyFile, '--namespace', 'ours,theirs', ...args];
  const server = await startServer(await freePort(), all, env);
  servers.push(server);
  return server;
}

/** Runs `warg-server token`, and hands out what it prints. */
async function token(...args: readonly string[]): Promise<string> {
  const env = programEnvironment({}) as NodeJS.ProcessEnv;
  const { stdout } = await promisify(execFile)(process.execPath, [PROGRAM, 'token', ...args], { env });
  return stdout.trim();
}

/** Speaks to a server; with a token, where one is given. */
function caller({ url }: ServerProcess, bearer?: string): RegistryCaller {
  return callerOf(async (request) => {
    const { pathname, search } = new URL(request.url);
    const headers = new Headers(request.headers);
    if (bearer !== undefined) headers.set('authorization', `Bearer ${bearer}`);
    const { method } = request;
    const body = method === 'POST' ? await request.arrayBuffer() : null;
    return fetch(`${url}${pathname}${search}`, { method, headers, body });
  });
}

/** The status that a request gets which is written by hand. */
async function statusOf({ url }: ServerProcess, lines: readonly string[]): Promise<number> {
  const { hostname, port } = new URL(url);
  const socket = connect(Number(port), hostname);
  socket.end(`${[...lines, `Host: ${hostname}`, 'Connection: close'].join('\r\n')}\r\n\r\n`);
  let text = '';
  for await (const chunk of socket) text += String(chunk);
  return Number(/^HTTP\/1\.1 (\d+)/.exec(text)?.[1]);
}

describe('a private server', () => {
  it('lets in by a token that was made beside it, until it is revoked, and logs none', async () => {
    const store = ['--data-dir', folder];
    const server = await start([...store, '--private', '-v', '-v']);
    const text = await token('add', '--read', '--all-namespaces', ...store);
    const get = (bearer?: string) => caller(server, bearer).get(paths.fetchCheckpoint());
    expect((await get()).status).toBe(401);
    expect((await get(text)).status).toBe(200);

    const request = `GET /${paths.fetchCheckpoint()} HTTP/1.1`;
    const good = `Authorization: Bearer ${text}`;
    expect(await statusOf(server, [request, good])).toBe(200);
    expect(await statusOf(server, [request, good.replace('Authorization', 'aUTHORIZATION')])).toBe(200);
    expect(await statusOf(server, [request, good, good])).toBe(401);
    expect(await statusOf(server, [request, good, 'Authorization: Basic eDp5'])).toBe(401);
    expect(await statusOf(server, [request, `X-${good}`])).toBe(401);
    expect(await statusOf(server, [request.replace(' HTTP', `?access_token=${text} HTTP`)])).toBe(401);

    expect(await token('list', '--json', ...store)).toContain('"good"');
    await token('revoke', text, ...store);
    expect((await get(text)).status).toBe(401);
    expect(server.output()).toContain('answered');
    expect(server.output()).not.toContain(text.split('_')[2]);
  });

  it.each([
    ['WARG_PRIVATE', 'true', 401],
    ['WARG_PRIVATE', 'false', 200],
    ['WARG_PRIVATE', '', 200],
    ['WARG_PUBLISH_TOKENS', 'true', 200],
  ])('is what %s=%s says', async (name, value, status) => {
    const server = await start(['--data-dir', folder], { [name]: value });
    expect((await caller(server).get(paths.fetchCheckpoint())).status).toBe(status);
    const record = testPackage('ours:a').init();
    expect((await caller(server).publish(record)).status).toBe(value === 'true' ? 401 : 202);
  });
});

describe('a private registry', () => {
  it('is not one that forgets its tokens', async () => {
    const args = ['--data-store', 'memory', '--private'];
    await expect(start(args)).rejects.toThrow(/token add` can reach.*--data-store sqlite/);
  });
});

describeWithPostgres('two private servers on one database', () => {
  let postgres: PostgresServer;
  beforeAll(async () => {
    postgres = await startPostgres();
  });
  afterAll(() => postgres.remove());

  it('know each other’s URLs, and refuse a revoked token from the same moment on', async () => {
    const database = await postgres.createDatabase();
    const urlFile = join(folder, 'database.url');
    writeFileSync(urlFile, database);
    const store = ['--data-store', 'postgres', '--database-url-file', urlFile];
    const args = [...store, '--data-dir', folder, '--private', '--database-run-migrations'];
    const both = [await start(args), await start(args)] as const;
    const text = await token('add', '--publish', '--namespace', 'ours', ...store);

    const content = digestOf(encodeUtf8('the content'));
    const a = testPackage('ours:a');
    const record = a.init({ type: 'release', version: '1.0.0' as never, content });
    const published = await caller(both[0], text).publish(record);
    const [[, upload]] = uploadUrls(published) as [[string, string]];
    const uploaded = await caller(both[1]).request(upload, { method: 'POST', body: 'the content' });
    expect(uploaded.status).toBe(201);
    expect(await caller(both[1], text).settle(record)).toMatchObject({ state: 'published' });

    const links = await Promise.all(
      both.map(async (server) => {
        const answer = await caller(server, text).get(paths.content(content));
        const { contentSources } = answer.json<{ contentSources: Record<string, { url: string }[]> }>();
        const { pathname, search } = new URL(contentSources[content]![0]!.url);
        return `${pathname.slice(1)}${search}`;
      }),
    );
    const statuses = async () =>
      Promise.all(
        both.flatMap((server) => [
          ...links.map(async (link) => (await caller(server).get(link)).status),
          caller(server, text)
            .get(paths.fetchCheckpoint())
            .then(({ status }) => status),
        ]),
      );
    expect(await statuses()).toEqual([200, 200, 200, 200, 200, 200]);
    const monitor = await token('add', '--read', '--all-namespaces', ...store);
    const { packages, leaves } = await verifyRegistry(httpReader(both[1].url, monitor), {
      operatorKey: publicKeyOf(operatorKey),
      absent: [testPackage('theirs:none').logId],
    });
    expect([packages.size, leaves.length]).toEqual([1, 2]);
    await token('revoke', text, ...store);
    expect(await statuses()).toEqual([403, 403, 401, 403, 403, 401]);
  });
});
