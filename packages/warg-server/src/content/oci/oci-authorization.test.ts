import { execFileSync } from 'node:child_process';
import { createHash, createSign, randomUUID } from 'node:crypto';
import { mkdtempSync, readFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { digestOf } from '@warg/crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { noDockerRegistry, startDockerRegistry } from '../../../test/docker-registry.ts';
import { freePort } from '../../../test/server-process.ts';
import type { StoreServer } from '../../../test/store-server.ts';
import { bytesOf, chunksOf } from '../testing/content-streams.ts';
import { parseChallenge } from './authorization.ts';
import type { OciCredentials } from './docker-config.ts';
import { ociContentStore } from './oci-content.ts';

const what = noDockerRegistry === undefined ? '' : ` (skipped: ${noDockerRegistry})`;
const bytes = new Uint8Array([1, 2, 3]);
const digest = digestOf(bytes);
const user: OciCredentials = { type: 'password', username: 'user', password: 'pa:ss' };
// htpasswd -B, for the password above
const htpasswd = 'user:$2y$05$abcdefghijklmnopqrstuuZImxV28ixwKVAA3Ib6WvqJ3jaF2SHwO\n';

let dir: string;
const servers: StoreServer[] = [];

beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), 'warg-oci-auth-'));
});
afterAll(async () => {
  for (const server of servers) await server.kill();
  await rm(dir, { recursive: true, force: true });
});

const open = (server: StoreServer, credentials: OciCredentials | undefined) =>
  ociContentStore({
    host: new URL(server.url).host,
    repository: 'team/packages',
    credentials: async () => credentials,
    spoolDir: join(dir, 'spool'),
    patience: { pause: 1 },
  });

async function roundTrip(server: StoreServer, credentials: OciCredentials | undefined): Promise<void> {
  const store = await open(server, credentials);
  expect(await store.write(digest, chunksOf(bytes, 2), 10)).toBe(3);
  expect(await store.size(digest)).toBe(3);
  expect(await bytesOf(await store.read(digest, { start: 1, end: 2 }))).toEqual(bytes.subarray(1));
  await store.close();
}

describe('parseChallenge', () => {
  it('reads what registries ask for', () => {
    expect(parseChallenge('Basic realm="a, b"')).toEqual({ scheme: 'basic' });
    expect(
      parseChallenge('Bearer realm="https://a/t?x=1",service="s",scope="repository:a/b:pull,push"'),
    ).toEqual({
      scheme: 'bearer',
      realm: new URL('https://a/t?x=1'),
      service: 's',
      scope: 'repository:a/b:pull,push',
    });
    expect(parseChallenge('bearer scope="a \\"b\\"", realm=https://a/')).toMatchObject({ scope: 'a "b"' });
  });

  it.each(['', 'Negotiate', 'Bearer', 'Bearer realm="here"', 'Digest realm="https://a"'])(
    'refuses %o',
    (text) => {
      expect(() => parseChallenge(text)).toThrow('expected the registry to ask for Basic or Bearer');
    },
  );
});

describe.skipIf(noDockerRegistry !== undefined)(`an OCI registry that asks for passwords${what}`, () => {
  let server: StoreServer;
  beforeAll(async () => {
    const auth = { type: 'htpasswd', lines: htpasswd } as const;
    server = await startDockerRegistry(join(dir, 'basic'), await freePort(), auth);
    servers.push(server);
  });

  it('lets in who has one', () => roundTrip(server, user));

  it.each([
    ['nobody', undefined],
    ['a wrong password', { ...user, password: 'other' }],
    ['an identity token, which is no password', { type: 'identityToken', token: 'x' }],
  ] as const)('keeps out %s', async (_, credentials) => {
    await expect(open(server, credentials)).rejects.toMatchObject({
      code: 'CONTENT_STORE_UNAVAILABLE',
      cause: { message: expect.stringContaining('401') },
    });
  });
});

describe.skipIf(noDockerRegistry !== undefined)(`an OCI registry that asks for tokens${what}`, () => {
  let server: StoreServer;
  let realm: Server;
  const asked: string[] = [];

  beforeAll(async () => {
    makeKey();
    realm = createServer(async (request, response) => {
      const answer = await tokenFor(request);
      response.writeHead(answer === undefined ? 401 : 200, { 'content-type': 'application/json' });
      response.end(JSON.stringify(answer ?? { errors: [{ code: 'UNAUTHORIZED' }] }));
    });
    await new Promise<void>((resolve) => realm.listen(0, '127.0.0.1', resolve));
    await start(await freePort());
  });
  afterAll(() => {
    realm?.closeAllConnections();
    realm?.close();
  });

  /** Makes another key with which tokens are signed. */
  function makeKey(): void {
    const files = ['-keyout', join(dir, 'key.pem'), '-out', join(dir, 'certificate.pem')];
    const kind = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];
    execFileSync('openssl', ['req', '-x509', ...kind, '-subj', '/CN=test', '-days', '2', ...files], {
      stdio: 'ignore',
    });
  }

  async function start(port: number): Promise<void> {
    const url = `http://127.0.0.1:${(realm.address() as AddressInfo).port}/token?from=test`;
    const auth = { type: 'token', realm: url, certificates: join(dir, 'certificate.pem') } as const;
    server = await startDockerRegistry(join(dir, 'bearer'), port, auth);
    servers.push(server);
  }

  /** Gives a token for the scope that is asked for, to those who may have it. */
  async function tokenFor(request: IncomingMessage): Promise<Record<string, string> | undefined> {
    const url = new URL(request.url ?? '', 'http://realm');
    let body = '';
    for await (const chunk of request) body += chunk;
    const form = new URLSearchParams(body);
    const wanted = request.method === 'POST' ? form : url.searchParams;
    asked.push(
      `${request.method} ${url.searchParams.get('from')} ${wanted.get('service')} ${wanted.get('scope')}`,
    );
    if (request.method === 'POST') {
      if (form.get('grant_type') !== 'refresh_token' || form.get('refresh_token') !== 'identity')
        return undefined;
      return { access_token: signToken(wanted.getAll('scope')) };
    }
    const pair = Buffer.from(
      (request.headers.authorization ?? '').replace(/^Basic /, ''),
      'base64',
    ).toString();
    return pair === 'user:pa:ss' ? { token: signToken(wanted.getAll('scope')) } : undefined;
  }

  function signToken(scopes: readonly string[]): string {
    const encode = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');
    const pem = readFileSync(join(dir, 'certificate.pem'), 'utf8');
    const x5c = [pem.replace(/-----[^-]+-----|\s/g, '')];
    const now = Math.floor(Date.now() / 1000);
    const access = scopes.map((scope) => {
      const [type, name, actions = ''] = scope.split(':');
      return { type, name, actions: actions.split(',') };
    });
    const times = { iat: now - 120, nbf: now - 120, exp: now + 3600 };
    const claims = {
      iss: 'test-issuer',
      aud: 'test-registry',
      sub: 'user',
      jti: randomUUID(),
      ...times,
      access,
    };
    const text = `${encode({ typ: 'JWT', alg: 'ES256', x5c })}.${encode(claims)}`;
    const key = readFileSync(join(dir, 'key.pem'), 'utf8');
    return `${text}.${createSign('sha256').update(text).sign({ key, dsaEncoding: 'ieee-p1363' }, 'base64url')}`;
  }

  it('lets in who has a password, for what is asked and no more', async () => {
    asked.length = 0;
    await roundTrip(server, user);
    const scopes = new Set(asked);
    expect(scopes).toContain('GET test test-registry repository:team/packages:pull');
    expect([...scopes].join()).toMatch(/repository:team\/packages:(pull,push|push,pull)/);
    // One for the API itself, one each to pull and push, and no new one for every request.
    expect(asked.length).toBeLessThanOrEqual(5);
  });

  it('lets in who has an identity token', () =>
    roundTrip(server, { type: 'identityToken', token: 'identity' }));

  it('gets a new token when the old one is not good any more', async () => {
    const store = await open(server, user);
    expect(await store.write(digest, chunksOf(bytes, 2), 10)).toBe(3);
    await server.kill();
    makeKey();
    await start(server.port);
    const before = asked.length;
    expect(await bytesOf(await store.read(digest))).toEqual(bytes);
    expect(await store.write(digest, chunksOf(bytes, 2), 10)).toBe(3);
    expect(asked.length).toBeGreaterThan(before);
    await store.close();
  });

  it('keeps out nobody in particular, and wrong passwords', async () => {
    for (const credentials of [undefined, { ...user, password: createHash('md5').digest('hex') }]) {
      await expect(open(server, credentials)).rejects.toMatchObject({
        code: 'CONTENT_STORE_UNAVAILABLE',
        cause: { message: expect.stringContaining('401') },
      });
    }
  });
});
